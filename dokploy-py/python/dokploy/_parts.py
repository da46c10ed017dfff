"""Parts of an engine that are written in Python: what they have to be, and how the engine calls them."""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Union

from ._error import Error
from .events import Event
from .sources import Revision, SourceRequest

if TYPE_CHECKING:
    import asyncio

#: Takes the answer as text, or what was raised as JSON.
Done = Callable[[Union[str, None], Union[str, None]], None]


class SourceFetcher(Protocol):
    """Fetches code. Its methods may be plain or `async`; plain ones run on a thread of their own and may block.

    An exception fails the deployment with its message. One of `dokploy.errors` says with its class what kind of
    failure it is, and with `retryable=True` that a retry can help; any other is a `source_failed`.
    """

    def resolve(self, request: SourceRequest) -> Revision | Awaitable[Revision]:
        """Finds out which revision a request means now. Cheap: the same state gives the same revision."""
        ...

    def fetch(self, request: SourceRequest, revision: Revision, directory: Path) -> Awaitable[None] | None:
        """Writes the tree of a revision into an empty directory, which is removed when it was used."""
        ...


#: Is told each event of the deployments that an engine works on, in order. May be plain or `async`. What a deployment
#: does next waits for it, for at most ten seconds. An exception fails the deployment with its message.
EventSink = Callable[[Event], Union[Awaitable[None], None]]


def source_part(fetcher: SourceFetcher) -> Part:
    """What the engine calls for a fetcher."""

    def resolve(request: str) -> Any:
        return fetcher.resolve(SourceRequest.from_dict(json.loads(request)))

    def fetch(request: str, revision: str, directory: str) -> Any:
        wanted = Revision.from_dict(json.loads(revision))
        return fetcher.fetch(SourceRequest.from_dict(json.loads(request)), wanted, Path(directory))

    def forget(application: str) -> Any:
        forget = getattr(fetcher, "forget", None)
        return None if forget is None else forget(application)

    for name in ("resolve", "fetch"):
        if not callable(getattr(fetcher, name, None)):
            raise TypeError(f"a source has the method {name}")
    return Part({"resolve": resolve, "fetch": fetch, "forget": forget})


def sink_part(sink: EventSink) -> Part:
    """What the engine calls for a sink."""
    if not callable(sink):
        raise TypeError("an event sink is a function that takes an event")

    def event(text: str) -> Any:
        return sink(Event.from_dict(json.loads(text)))

    return Part({"event": event})


class Part:
    """Calls methods that may be plain or `async`, and tells the engine what became of them."""

    def __init__(self, methods: dict[str, Callable[..., Any]]) -> None:
        # Whoever has no parts of his own does not wait for this import.
        import asyncio

        self._methods = methods
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None

    def __call__(self, done: Done, method: str, arguments: tuple[str, ...]) -> Callable[[], object] | None:
        """Called by the engine in a thread of its own. Answers how the call can be cancelled."""
        import asyncio
        import inspect

        try:
            value = self._methods[method](*arguments)
            if inspect.isawaitable(value):
                if self._loop is not None and self._loop.is_running():
                    running = asyncio.run_coroutine_threadsafe(_settled(value, done), self._loop)
                    return running.cancel
                # The loop in which the engine was opened is gone, or there was none.
                value = asyncio.run(_value(value))
            done(_written(value), None)
        except BaseException as error:  # noqa: BLE001 (whatever it is, the engine has to know)
            done(None, _described(error))
        return None


async def _value(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


async def _settled(awaitable: Awaitable[Any], done: Done) -> None:
    import asyncio

    try:
        done(_written(await awaitable), None)
    except asyncio.CancelledError as error:
        done(None, _described(error))
        raise
    except BaseException as error:  # noqa: BLE001 (whatever it is, the engine has to know)
        done(None, _described(error))


def _written(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, Revision):
        return json.dumps(value.to_dict())
    raise TypeError(f"a Revision is expected, not {type(value).__name__}")


def _described(error: BaseException) -> str:
    """An exception in the words of the engine."""
    import asyncio
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    place = f" in {frames[-1].name}, {os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""
    own = error if isinstance(error, Error) else None
    return json.dumps(
        {
            "code": own.code if own else "cancelled" if isinstance(error, asyncio.CancelledError) else None,
            "message": str(error) or type(error).__name__,
            "hint": own.hint if own else None,
            "retryable": own.retryable if own else None,
            "cause": f"{type(error).__name__}{place}",
        }
    )
