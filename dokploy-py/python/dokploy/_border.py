"""What crosses the border to the engine: shapes as JSON, ids as text."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, Union, cast

from ._shape import Page, Secret, Shape, Unchanged

S = TypeVar("S", bound=Shape)


class HasId(Protocol):
    """A project, an application, a release: what stands for its id."""

    @property
    def id(self) -> str: ...


#: An id, or what has it.
Identified = Union[str, HasId]


def id_of(value: Identified) -> str:
    if isinstance(value, str):
        return value
    try:
        return value.id
    except AttributeError:
        raise TypeError(f"an id, or something that has one, is expected, not {value!r}") from None


def maybe_id_of(value: Identified | None) -> str | None:
    return None if value is None else id_of(value)


def time_of(value: datetime | str | None) -> str | None:
    """Times without a zone are meant in the zone of this machine, as everywhere in Python."""
    return value.astimezone().isoformat() if isinstance(value, datetime) else value


def secret_of(value: Secret | str | None) -> str | None:
    return value.expose() if isinstance(value, Secret) else value


def kept_of(value: float | Unchanged | None) -> str | None:
    """Nothing for what stays as it is, and otherwise JSON."""
    return None if isinstance(value, Unchanged) else json.dumps(value)


def json_of(value: Shape | Mapping[str, Any]) -> str:
    """The one place where secrets are written in clear: for the engine, which seals them."""
    return json.dumps(value.to_dict() if isinstance(value, Shape) else value, default=_expose)


def options_of(options: dict[str, Any]) -> str:
    options["data_dir"] = _path(options["data_dir"])
    options["docker_cert_path"] = _path(options["docker_cert_path"])
    options["secret_key_file"] = _path(options["secret_key_file"])
    return json.dumps(options, default=_expose)


def _path(value: Any) -> Any:
    return None if value is None else str(value)


def _expose(value: object) -> object:
    if isinstance(value, Secret):
        return value.expose()
    if isinstance(value, Shape):
        return value.to_dict()
    if isinstance(value, (tuple, set, frozenset)):
        return list(cast("Iterable[object]", value))
    raise TypeError(f"{type(value).__name__} cannot be handed to the engine")


def shape_of(read: Callable[[Any], S], text: str) -> S:
    return read(json.loads(text))


def maybe_shape_of(read: Callable[[Any], S], text: str | None) -> S | None:
    return None if text is None else read(json.loads(text))


def page_of(read: Callable[[Any], S], text: str) -> Page[S]:
    data = json.loads(text)
    return Page(map(read, data["items"]), data["next"])


class Closes(Protocol):
    """What is closed at the end of an `async with`."""

    async def close(self) -> None: ...


E = TypeVar("E", bound=Closes)


class Opening(Generic[E]):
    """An engine that is being opened: `await` it, or use it in `async with`, which closes it at the end."""

    __slots__ = ("_engine", "_open")

    def __init__(self, open: Callable[[], Awaitable[E]]) -> None:
        self._open = open
        self._engine: E | None = None

    def __repr__(self) -> str:
        return "<an engine that is being opened: await it, or use it in `async with`>"

    if not TYPE_CHECKING:
        # Type checkers say the same, in their own words.
        def __getattr__(self, name: str) -> Any:
            raise AttributeError(f"{self!r} has no {name} yet", name=name, obj=self)

        def __enter__(self) -> None:
            raise TypeError(f"{self!r}; without asyncio, open one with `dokploy.sync.Engine.open`")

        def __exit__(self, *_: object) -> None: ...

    def __await__(self) -> Generator[Any, Any, E]:
        return self._open().__await__()

    async def __aenter__(self) -> E:
        self._engine = await self._open()
        return self._engine

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._engine is not None:
            await self._engine.close()
