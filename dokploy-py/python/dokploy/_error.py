"""What every exception of the engine has."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import ClassVar

from .records import Violation


class Error(Exception):
    """Something that failed. `str` is one line for the person who called."""

    code: ClassVar[str]
    """Stable code of the kind, the same on every surface: `not_found`."""
    message: str
    """What failed and why."""
    hint: str | None
    """What to do next, where that is known."""
    operation: str | None
    """The operation of the engine that failed, where it is known."""
    retryable: bool
    """Whether the same call may succeed later."""
    retry_after: float | None
    """After how many seconds it is worth a try, where a backend said so."""
    violations: tuple[Violation, ...]
    """The broken fields of an `InvalidSpec`, in the names of the wire: `ports[0].target`."""
    causes: tuple[str, ...]
    """What caused it, outermost first."""

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        operation: str | None = None,
        retryable: bool = False,
        retry_after: float | None = None,
        violations: Iterable[Violation] = (),
        causes: Iterable[str] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.operation = operation
        self.retryable = retryable
        self.retry_after = retry_after
        self.violations = tuple(violations)
        self.causes = tuple(causes)
        # A traceback shows notes below the message.
        if sys.version_info >= (3, 11):
            for cause in self.causes:
                self.add_note(f"because {cause}")
            if hint is not None:
                self.add_note(f"hint: {hint}")

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.message!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return _again, (
            type(self),
            self.message,
            {
                "hint": self.hint,
                "operation": self.operation,
                "retryable": self.retryable,
                "retry_after": self.retry_after,
                "violations": self.violations,
                "causes": self.causes,
            },
        )


def _again(kind: type[Error], message: str, details: dict[str, object]) -> Error:
    return kind(message, **details)  # type: ignore[arg-type]
