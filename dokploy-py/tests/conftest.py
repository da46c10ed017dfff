"""Lets pytest run coroutines, each in a loop of its own and with a deadline."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest

#: How long a test may take, in seconds.
DEADLINE = 300


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    function = pyfuncitem.obj
    if not inspect.iscoroutinefunction(function):
        return None
    arguments: dict[str, Any] = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    asyncio.run(asyncio.wait_for(function(**arguments), DEADLINE))
    return True
