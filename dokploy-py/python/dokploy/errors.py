"""The exceptions of the engine, one class for each kind of error."""

# Made by dokploy-py/codegen of tests/parity/*.json; changes here are lost.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from ._error import Error
from .records import Violation


class NotFound(Error, LookupError):
    """The thing does not exist, or the caller may not know that it does."""

    code: ClassVar[str] = "not_found"


class AlreadyExists(Error):
    """A thing with this name or key exists already."""

    code: ClassVar[str] = "already_exists"


class Conflict(Error):
    """Somebody else changed the thing since the caller read it."""

    code: ClassVar[str] = "conflict"


class InvalidSpec(Error, ValueError):
    """The input is well-formed but breaks a rule; see `Error.violations`."""

    code: ClassVar[str] = "invalid_spec"


class Unauthenticated(Error):
    """Nobody is signed in."""

    code: ClassVar[str] = "unauthenticated"


class PermissionDenied(Error, PermissionError):
    """Somebody is signed in who may not do this."""

    code: ClassVar[str] = "permission_denied"


class Unsupported(Error):
    """The backend, or this build of the crate, cannot do it."""

    code: ClassVar[str] = "unsupported"


class RateLimited(Error):
    """Too many requests."""

    code: ClassVar[str] = "rate_limited"


class Unavailable(Error):
    """A backend is away or busy."""

    code: ClassVar[str] = "unavailable"


class TimedOut(Error, TimeoutError):
    """A deadline passed."""

    code: ClassVar[str] = "timed_out"


class SourceFailed(Error):
    """The source could not be resolved or fetched."""

    code: ClassVar[str] = "source_failed"


class BuildFailed(Error):
    """The build, or the push of its image, failed."""

    code: ClassVar[str] = "build_failed"


class Unhealthy(Error):
    """The new version did not become or stay healthy."""

    code: ClassVar[str] = "unhealthy"


class Cancelled(Error):
    """The work was cancelled."""

    code: ClassVar[str] = "cancelled"


class LeaseLost(Error):
    """This worker no longer owns the deployment; another one does."""

    code: ClassVar[str] = "lease_lost"


class Unexpected(Error):
    """A bug or a broken invariant."""

    code: ClassVar[str] = "unexpected"


_KINDS: Mapping[str, type[Error]] = {
    "not_found": NotFound,
    "already_exists": AlreadyExists,
    "conflict": Conflict,
    "invalid_spec": InvalidSpec,
    "unauthenticated": Unauthenticated,
    "permission_denied": PermissionDenied,
    "unsupported": Unsupported,
    "rate_limited": RateLimited,
    "unavailable": Unavailable,
    "timed_out": TimedOut,
    "source_failed": SourceFailed,
    "build_failed": BuildFailed,
    "unhealthy": Unhealthy,
    "cancelled": Cancelled,
    "lease_lost": LeaseLost,
    "unexpected": Unexpected,
}


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


__all__ = [
    "AlreadyExists",
    "BuildFailed",
    "Cancelled",
    "Conflict",
    "Error",
    "InvalidSpec",
    "LeaseLost",
    "NotFound",
    "PermissionDenied",
    "RateLimited",
    "SourceFailed",
    "TimedOut",
    "Unauthenticated",
    "Unavailable",
    "Unexpected",
    "Unhealthy",
    "Unsupported",
]
