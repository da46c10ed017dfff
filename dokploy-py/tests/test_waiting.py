"""Waiting: it can be cancelled, holds nobody up, and loses nothing."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import dokploy
import pytest
from dokploy import errors, events, sync
from worlds import FakeWorld


async def application(engine: Any, directory: Path, **changes: Any) -> dokploy.Application:
    directory.mkdir(exist_ok=True)
    (directory / "Dockerfile").write_text("FROM scratch\n")
    (directory / "slow.Dockerfile").write_text("FROM scratch\n")
    update = dokploy.UpdatePolicy(monitor=0.1, delay=0)
    spec = dokploy.ApplicationSpec("web", directory=str(directory), update=update, **changes)
    project = await engine.create_project("shop")
    return await engine.create_application(project, spec)  # type: ignore[no-any-return]


async def test_cancelling_a_task_cancels_the_wait_and_not_the_deployment(tmp_path: Path) -> None:
    async with await FakeWorld(tmp_path, waits=False).open(local_sources=True) as engine:
        deployment = await engine.deploy(await application(engine, tmp_path / "tree"))
        waiting = asyncio.create_task(deployment.wait())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(deployment.wait(), 0.01)
        outcome = await deployment.wait()
        assert outcome.state.status == "success"


async def test_a_deployment_that_was_asked_for_is_accepted_although_the_task_is_cancelled(tmp_path: Path) -> None:
    async with await FakeWorld(tmp_path, waits=False).open(concurrency=0, local_sources=True) as engine:
        app = await application(engine, tmp_path / "tree")
        asking = asyncio.create_task(engine.deploy(app))
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        while not (await engine.list_deployments(application=app)).items:
            await asyncio.sleep(0.01)


async def test_a_wait_with_a_timeout_says_that_the_deployment_goes_on(tmp_path: Path) -> None:
    async with await FakeWorld(tmp_path, waits=False).open(concurrency=0, local_sources=True) as engine:
        deployment = await engine.deploy(await application(engine, tmp_path / "tree"))
        with pytest.raises(TimeoutError) as caught:
            await deployment.wait(timeout=0.05)
        assert isinstance(caught.value, errors.TimedOut)
        assert caught.value.hint == "it goes on; wait again"


async def test_events_go_on_without_a_gap_after_a_wait_was_cancelled(tmp_path: Path) -> None:
    async with await FakeWorld(tmp_path, waits=False).open(local_sources=True) as engine:
        deployment = await engine.deploy(await application(engine, tmp_path / "tree"))
        stream = deployment.events()
        seen: list[int] = []
        while True:
            try:
                seen.append((await asyncio.wait_for(anext(stream), 0.005)).seq)
            except asyncio.TimeoutError:
                continue
            except StopAsyncIteration:
                break
        assert seen == list(range(1, len(seen) + 1))
        last = (await deployment.get()).state.seq
        assert seen[-1] == last
        assert [event.seq async for event in deployment.events(after=last - 2)] == [last - 1, last]


async def test_a_stream_can_be_left_and_dropped(tmp_path: Path) -> None:
    async with await FakeWorld(tmp_path, waits=False).open(local_sources=True) as engine:
        deployment = await engine.deploy(await application(engine, tmp_path / "tree"))
        async for event in deployment.events():
            assert isinstance(event, events.Accepted)
            break
        async with deployment.events() as stream:
            first = await anext(stream)
        assert first.seq == 1
        with pytest.raises(StopAsyncIteration):
            await anext(stream)
        gc.collect()
        lines = [line async for line in deployment.logs()]
        assert [line.seq for line in lines] == list(range(1, len(lines) + 1))
        assert (await deployment.get()).state.status == "success"


async def test_many_deployments_are_awaited_at_once(tmp_path: Path) -> None:
    async with await FakeWorld(tmp_path, waits=False).open(
        local_sources=True, concurrency=50, starts_per_minute=10_000
    ) as engine:
        first = await application(engine, tmp_path / "tree")
        specs = [first.spec.replace(name=f"web-{number}") for number in range(50)]
        applications = await asyncio.gather(*(engine.create_application(first.project_id, spec) for spec in specs))
        deployments = await asyncio.gather(*map(engine.deploy, applications))
        outcomes = await asyncio.gather(*(deployment.wait(timeout=60) for deployment in deployments))
        assert {outcome.state.status for outcome in outcomes} == {"success"}
        assert len({outcome.id for outcome in outcomes}) == 50


async def test_a_call_is_awaited_only_once(tmp_path: Path) -> None:
    async with await FakeWorld(tmp_path, waits=False).open(concurrency=0) as engine:
        call = engine._native.queue_stats()
        await call
        with pytest.raises(RuntimeError, match="already awaited"):
            await call


async def test_a_blocking_call_holds_up_no_other_thread(tmp_path: Path) -> None:
    world = FakeWorld(tmp_path, waits=True)
    engine = await world.open(concurrency=0, local_sources=True)
    patient = await FakeWorld(tmp_path / "other", waits=False).open(concurrency=0)
    await patient.close()

    def waits() -> None:
        (project,) = [engine.create_project("shop")]
        spec = dokploy.ApplicationSpec("web", directory=str(tmp_path))
        deployment = engine.deploy(engine.create_application(project, spec))
        with pytest.raises(errors.TimedOut):
            deployment.wait(timeout=1)

    thread = threading.Thread(target=waits)
    begun = time.monotonic()
    thread.start()
    turns = 0
    while thread.is_alive():
        await asyncio.sleep(0.001)
        turns += 1
    assert time.monotonic() - begun >= 1
    assert turns > 100, "the loop went on meanwhile"
    engine.close()


CTRL_C = """
import signal, sys
import dokploy
from dokploy import sync

# A shell in the background has its children ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
with sync.Engine.open(data_dir=sys.argv[1], concurrency=0, local_sources=True) as engine:
    spec = dokploy.ApplicationSpec("web", directory=sys.argv[1])
    application = engine.create_application(engine.create_project("shop"), spec)
    deployment = engine.deploy(application)
    try:
        print("waiting", flush=True)
        deployment.wait()
    except KeyboardInterrupt:
        print(deployment.get().state.status, flush=True)
"""


def test_ctrl_c_ends_a_blocking_wait_and_not_the_deployment(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", CTRL_C, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    os.kill(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert (output, process.returncode) == ("pending\n", 0)


def test_the_synchronous_face_streams(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    world = FakeWorld(tmp_path / "world", waits=True)
    engine = asyncio.run(world.open(local_sources=True))
    with engine:
        update = dokploy.UpdatePolicy(monitor=0.1, delay=0)
        spec = dokploy.ApplicationSpec("web", directory=str(tmp_path), update=update)
        deployment = engine.deploy(engine.create_application(engine.create_project("shop"), spec))
        seen = [event.type for event in deployment.events()]
        assert (seen[0], seen[-1]) == ("accepted", "succeeded")
        with deployment.logs(follow=False) as lines:
            assert next(lines).seq == 1
        assert isinstance(engine, sync.Engine)
        stats = engine.service_stats(deployment.get().application_id)
        assert stats.tasks
        logged = list(engine.service_logs(deployment.get().application_id))
        assert all(isinstance(line, dokploy.ServiceLogLine) for line in logged)
