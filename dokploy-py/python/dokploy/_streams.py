"""Events and log lines, one after the other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from . import _dokploy
from ._shape import Shape

S = TypeVar("S", bound=Shape)


class AsyncStream(Generic[S]):
    """An asynchronous iterator over what the engine sends. It can be left at any time, and awaited again after a
    cancellation without a gap."""

    __slots__ = ("_items", "_native", "_read")

    def __init__(self, native: _dokploy.Stream, read: Callable[[Any], S]) -> None:
        self._native: _dokploy.Stream | None = native
        self._read = read
        self._items: Iterator[S] = iter(())

    def __aiter__(self) -> AsyncStream[S]:
        return self

    async def __anext__(self) -> S:
        for item in self._items:
            return item
        while (native := self._native) is not None:
            await native.ready()
            batch = native.take()
            if batch is None:
                break
            self._items = map(self._read, json.loads(batch))
            for item in self._items:
                return item
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Ends it. Nothing else is ended by that."""
        self._native = None
        self._items = iter(())

    async def __aenter__(self) -> AsyncStream[S]:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class Stream(Generic[S]):
    """An iterator over what the engine sends. Waiting for the next item holds up only this thread."""

    __slots__ = ("_items", "_native", "_read")

    def __init__(self, native: _dokploy.Stream, read: Callable[[Any], S]) -> None:
        self._native: _dokploy.Stream | None = native
        self._read = read
        self._items: Iterator[S] = iter(())

    def __iter__(self) -> Stream[S]:
        return self

    def __next__(self) -> S:
        for item in self._items:
            return item
        while (native := self._native) is not None:
            native.ready().result()
            batch = native.take()
            if batch is None:
                break
            self._items = map(self._read, json.loads(batch))
            for item in self._items:
                return item
        raise StopIteration

    def close(self) -> None:
        """Ends it. Nothing else is ended by that."""
        self._native = None
        self._items = iter(())

    def __enter__(self) -> Stream[S]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
