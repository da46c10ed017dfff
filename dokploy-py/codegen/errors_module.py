"""Writes the module of the exceptions: one class for each kind of error."""

from __future__ import annotations

from typing import Any

from shapes import HEADER, docstring, exported

#: What Python programs expect to catch.
ALSO = {
    "NotFound": "LookupError",
    "InvalidSpec": "ValueError",
    "TimedOut": "TimeoutError",
    "PermissionDenied": "PermissionError",
}

MAKE = '''

_KINDS: Mapping[str, type[Error]] = {kinds}


def make(
    code: str,
    message: str,
    hint: str | None,
    operation: str | None,
    retryable: bool,
    retry_after: float | None,
    violations: Iterable[tuple[str, str]],
    causes: Iterable[str],
) -> Error:
    """The exception of an error of the engine."""
    broken = [Violation(field, why) for field, why in violations]
    return _KINDS.get(code, Unexpected)(
        message,
        hint=hint,
        operation=operation,
        retryable=retryable,
        retry_after=retry_after,
        violations=broken,
        causes=causes,
    )
'''


def errors_module(shapes: dict[str, Any]) -> str:
    kinds = shapes["ErrorKind"]["values"]
    lines = [HEADER.format(doc="The exceptions of the engine, one class for each kind of error.")]
    lines.append(
        "from collections.abc import Iterable, Mapping\nfrom typing import ClassVar\n\n"
        "from ._error import Error\nfrom .records import Violation\n"
    )
    for kind in kinds:
        also = f", {ALSO[kind['name']]}" if kind["name"] in ALSO else ""
        lines.append(
            f"\n\nclass {kind['name']}(Error{also}):\n{docstring(kind['doc'], '    ')}\n"
            f'    code: ClassVar[str] = "{kind["value"]}"\n'
        )
    table = "{" + ", ".join(f'"{kind["value"]}": {kind["name"]}' for kind in kinds) + "}"
    lines.append(MAKE.replace("{kinds}", table))
    lines.append(exported(["Error", *(kind["name"] for kind in kinds)]))
    return "".join(lines)
