"""Events and log lines cross the border many at a time."""

from __future__ import annotations

from pathlib import Path

import dokploy
from dokploy import events
from worlds import FakeWorld

COUNT = 20_000


async def test_events_cross_the_border_in_batches_and_in_order(tmp_path: Path) -> None:
    world = FakeWorld(tmp_path, waits=False)
    async with await world.open(concurrency=0, local_sources=True) as engine:
        project = await engine.create_project("shop")
        spec = dokploy.ApplicationSpec("web", directory=str(tmp_path))
        deployment = await engine.deploy(await engine.create_application(project, spec))
        assert await world.native.flood(COUNT) == deployment.id
        stream = deployment.events()
        native = stream._native
        crossings = 0

        class Counting:
            def ready(self) -> object:
                nonlocal crossings
                crossings += 1
                return native.ready()

            def take(self) -> str | None:
                return native.take()  # type: ignore[no-any-return]

        stream._native = Counting()
        seen = [event async for event in stream]
        assert [event.seq for event in seen] == list(range(1, COUNT + 4))
        assert seen[2] == events.Warned(deployment.id, 3, seen[2].at, "warning 0")
        assert crossings <= COUNT / 100
