"""Measures what the border costs: `python dokploy-py/bench.py`, with a package that has the feature `fakes`."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import dokploy

sys.path.insert(0, str(Path(__file__).resolve().parent / "tests"))

from dokploy import _dokploy
from worlds import FakeWorld

EVENTS = 200_000


def each(count: int, function: Callable[[], object]) -> float:
    """Microseconds of one call, the median of seven runs."""
    runs = []
    for _ in range(7):
        begun = time.perf_counter()
        for _ in range(count):
            function()
        runs.append((time.perf_counter() - begun) / count * 1e6)
    return statistics.median(runs)


async def awaited(count: int) -> float:
    runs = []
    for _ in range(7):
        begun = time.perf_counter()
        for _ in range(count):
            await _dokploy.FakeWorld.nothing()  # type: ignore[attr-defined]
        runs.append((time.perf_counter() - begun) / count * 1e6)
    return statistics.median(runs)


async def delivered(directory: Path) -> float:
    """Events a second, read from the store, into `async for`."""
    world = FakeWorld(directory, waits=False)
    async with await world.open(concurrency=0, local_sources=True) as engine:
        spec = dokploy.ApplicationSpec("web", directory=str(directory))
        deployment = await engine.deploy(await engine.create_application(await engine.create_project("shop"), spec))
        await world.native.flood(EVENTS)
        begun = time.perf_counter()
        count = 0
        async for _ in deployment.events():
            count += 1
        return count / (time.perf_counter() - begun)


def imported() -> float:
    """Milliseconds that `import dokploy` adds to the start of the interpreter."""

    def start(text: str) -> float:
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", text], check=True)
        return time.perf_counter() - begun

    return (min(start("import dokploy") for _ in range(10)) - min(start("pass") for _ in range(10))) * 1e3


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        engine = asyncio.run(FakeWorld(directory, waits=True).open(concurrency=0))
        nothing = _dokploy.FakeWorld.nothing  # type: ignore[attr-defined]
        print(f"a value at once      {each(100_000, lambda: engine.worker):8.2f} µs")
        print(f"a call, waited for   {each(20_000, lambda: nothing().result()):8.2f} µs")
        print(f"a call, awaited      {asyncio.run(awaited(5_000)):8.2f} µs")
        print(f"events               {asyncio.run(delivered(directory)):8.0f} /s")
        print(f"import dokploy       {imported():8.2f} ms")
        engine.close()


if __name__ == "__main__":
    main()
