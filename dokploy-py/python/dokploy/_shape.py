"""What every shape has: fields that cannot be changed, a readable repr, and a way to and from plain data."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar, cast

if TYPE_CHECKING:
    from typing_extensions import Self, dataclass_transform
else:

    def dataclass_transform(**_: object) -> Callable[[type], type]:
        return lambda cls: cls


_new = object.__new__
_set = object.__setattr__
T = TypeVar("T")


class Secret:
    """A secret text. Neither `str` nor `repr` shows it; `expose` is the only way to the value."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def expose(self) -> str:
        """The value in clear."""
        return self.__value

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.__value == other.__value

    def __hash__(self) -> int:
        return hash((Secret, self.__value))

    def __reduce__(self) -> str | tuple[Any, ...]:
        raise TypeError("a secret is not pickled: hand over what expose() gives, if you must")


class Unchanged(enum.Enum):
    """The type of `UNCHANGED`."""

    UNCHANGED = "unchanged"

    def __repr__(self) -> str:
        return "UNCHANGED"


#: Says that something stays as it is, where `None` would take it away.
UNCHANGED: Final = Unchanged.UNCHANGED


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Shape:
    """A record of the engine. Its fields cannot be changed: `replace` makes a changed copy."""

    #: Names of the fields here and on the wire.
    _WIRE: ClassVar[Mapping[str, str]] = {}
    #: What fields are when they are left out.
    _DEFAULTS: ClassVar[Mapping[str, Any]] = {}
    #: Fields that hold a secret as a bare text on the wire.
    _SECRETS: ClassVar[frozenset[str]] = frozenset()
    #: Fields whose value says nothing to people, or should not be shown.
    _HIDDEN: ClassVar[frozenset[str]] = frozenset()
    #: What tells this record from the others of its union.
    _TAG: ClassVar[Mapping[str, str]] = {}
    #: The only field of the object that this record lies in.
    _WRAPPED: ClassVar[str | None] = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Makes it of plain data with the names of the wire, as `to_dict` gives it."""
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """Plain data with the names of the wire (camelCase), as JSON has it. A new secret stays a `Secret`."""
        data: dict[str, Any] = dict(self._TAG)
        for name, wire in self._WIRE.items():
            value = self.__dict__[name]
            if value is not None:
                data[wire] = value if name in self._SECRETS else _plain(value)
        return data if self._WRAPPED is None else {self._WRAPPED: data}

    def replace(self, **changes: Any) -> Self:
        """A copy with some fields changed."""
        unknown = changes.keys() - self._WIRE.keys()
        if unknown:
            raise TypeError(f"{type(self).__name__} has no field {', '.join(sorted(unknown))}")
        return type(self)(**{**self.__dict__, **changes})

    __replace__ = replace

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} cannot be changed; use replace({name}=…)")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} cannot be changed")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), *map(_hashable, self.__dict__.values())))

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{name}={'…' if name in self._HIDDEN else _show(value)}"
            for name, value in self.__dict__.items()
            if value is not None and value != self._DEFAULTS.get(name, ...)
        )
        return f"{type(self).__name__}({shown})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """IPython breaks long ones over several lines."""
        shown = [
            (name, value)
            for name, value in self.__dict__.items()
            if value is not None and value != self._DEFAULTS.get(name, ...)
        ]
        with printer.group(4, f"{type(self).__name__}(", ")"):
            for index, (name, value) in enumerate(shown):
                if index:
                    printer.text(",")
                    printer.breakable()
                else:
                    printer.breakable("")
                printer.text(f"{name}=")
                if name in self._HIDDEN or isinstance(value, datetime):
                    printer.text("…" if name in self._HIDDEN else _show(value))
                else:
                    printer.pretty(value)


S = TypeVar("S", bound=Shape)


class Page(Generic[S]):
    """One part of a list, newest first."""

    __slots__ = ("items", "next")

    items: tuple[S, ...]
    """The items."""
    next: str | None
    """Where the next page starts: the `before` of the next call; `None` on the last one."""

    def __init__(self, items: Iterable[S], next: str | None = None) -> None:
        self.items = tuple(items)
        self.next = next

    def __iter__(self) -> Any:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __repr__(self) -> str:
        return f"Page(items={self.items!r}, next={self.next!r})"

    def to_dict(self) -> dict[str, Any]:
        """Plain data with the names of the wire."""
        return {"items": [item.to_dict() for item in self.items], "next": self.next}


def make(cls: type[S], fields: dict[str, Any]) -> S:
    """Makes a shape of fields that are complete and have the right types."""
    shape = _new(cls)
    _set(shape, "__dict__", fields)
    return shape


def fill(shape: Shape, fields: dict[str, Any]) -> None:
    """Sets all fields of a new shape, once."""
    _set(shape, "__dict__", fields)


def maybe(read: Callable[[Any], T], value: Any) -> T | None:
    """Reads what may be absent."""
    return None if value is None else read(value)


def read_time(text: str) -> datetime:
    """Reads a time of the wire, RFC 3339 in UTC."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        # Before Python 3.11 only what `isoformat` writes is read.
        whole, _, fraction = text.rstrip("Zz").partition(".")
        return datetime.fromisoformat(f"{whole}.{fraction or '0':0<6.6}+00:00")


def _plain(value: Any) -> Any:
    if isinstance(value, Shape):
        return value.to_dict()
    if isinstance(value, tuple):
        return [_plain(item) for item in cast("Iterable[Any]", value)]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Secret):
        return {"secret": value}
    return value


def _show(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else repr(value)


def _hashable(value: Any) -> Any:
    return tuple(sorted(cast("dict[str, Any]", value).items())) if isinstance(value, dict) else value
