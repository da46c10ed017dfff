"""The end of the interpreter, forks, and other things that happen to a process."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent

BEGIN = """
import asyncio, os, sys, threading
from pathlib import Path
import dokploy
from dokploy import errors, sync
from worlds import FakeWorld

TREE = Path(sys.argv[1])
(TREE / "slow.Dockerfile").write_text("FROM scratch\\n")
SPEC = dokploy.ApplicationSpec("web", directory=str(TREE), dockerfile="slow.Dockerfile")


async def begin(world, **options):
    engine = await world.open(local_sources=True, **options)
    project = await engine.create_project("shop")
    deployment = await engine.deploy(await engine.create_application(project, SPEC))
    async for event in deployment.events():
        if event.type == "step_started" and event.step == "build_image":
            return engine, deployment
"""


def script(text: str, directory: Path, *, status: int = 0) -> str:
    """Runs a program to its end and answers what it printed."""
    environment = {**os.environ, "PYTHONPATH": str(HERE), "PYTHONFAULTHANDLER": "1"}
    command = [sys.executable, "-X", "dev", "-c", BEGIN + textwrap.dedent(text), str(directory)]
    done = subprocess.run(command, capture_output=True, env=environment, timeout=120, encoding="utf-8")
    assert done.returncode == status, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Fatal" not in done.stderr
    assert "panicked" not in done.stderr
    return done.stdout


def test_a_program_ends_although_an_engine_was_never_closed(tmp_path: Path) -> None:
    output = script(
        """
        engine, deployment = asyncio.run(begin(FakeWorld(TREE, waits=False)))
        print("end")
        """,
        tmp_path,
    )
    assert output == "end\n"


def test_the_end_of_a_program_hands_back_what_runs(tmp_path: Path) -> None:
    output = script(
        """
        from dokploy import _dokploy

        told = []
        world = FakeWorld(TREE, waits=False)
        engine, deployment = asyncio.run(begin(world, event_sink=lambda event: told.append(event.type)))
        _dokploy.leave()
        print(told[-1])
        try:
            asyncio.run(deployment.get())
        except errors.Unavailable as error:
            print(error)
        """,
        tmp_path,
    )
    assert output == "handed_back\nthe interpreter is about to end\n"


def test_a_program_ends_while_tasks_still_wait(tmp_path: Path) -> None:
    script(
        """
        async def main():
            engine, deployment = await begin(FakeWorld(TREE, waits=False))
            tasks = [asyncio.create_task(deployment.wait()) for _ in range(20)]
            await asyncio.sleep(0)

        asyncio.run(main())
        """,
        tmp_path,
    )


def test_a_program_ends_while_a_daemon_thread_waits(tmp_path: Path) -> None:
    script(
        """
        world = FakeWorld(TREE, waits=True)
        engine = asyncio.run(world.open(concurrency=0, local_sources=True))
        deployment = engine.deploy(engine.create_application(engine.create_project("shop"), SPEC))
        threading.Thread(target=deployment.wait, daemon=True).start()
        """,
        tmp_path,
    )


def test_a_program_ends_while_its_own_parts_are_busy(tmp_path: Path) -> None:
    script(
        """
        import time

        def sink(event):
            if event.type == "step_started":
                time.sleep(0.2)

        engine = asyncio.run(FakeWorld(TREE, waits=True).open(event_sink=sink, local_sources=True))
        deployment = engine.deploy(engine.create_application(engine.create_project("shop"), SPEC))
        for event in deployment.events():
            if event.type == "claimed":
                break
        """,
        tmp_path,
    )


def test_a_failing_program_fails_with_its_own_exception(tmp_path: Path) -> None:
    script(
        """
        async def main():
            engine, deployment = await begin(FakeWorld(TREE, waits=False))
            raise SystemExit(7)

        asyncio.run(main())
        """,
        tmp_path,
        status=7,
    )


FORK = """
world = FakeWorld(TREE, waits=True)
engine = asyncio.run(world.open(concurrency=0, local_sources=True))
deployment = engine.deploy(engine.create_application(engine.create_project("shop"), SPEC))
stream = deployment.events()
next(stream)

child = os.fork()
if child == 0:
    for use in (engine.queue_stats, deployment.get, lambda: deployment.events(), lambda: deployment.id):
        try:
            use()
        except errors.Unsupported as error:
            print(error, flush=True)
    try:
        stream.close()
        with asyncio.run(FakeWorld(TREE / "child", waits=True).open(concurrency=0)) as own:
            print(own.queue_stats(), flush=True)
    finally:
        del engine, deployment, stream
        sys.exit(3)

_, status = os.waitpid(child, 0)
print(os.waitstatus_to_exitcode(status))
print(engine.queue_stats().waiting)
engine.close()
"""


def test_a_child_is_told_that_the_engine_belongs_to_its_parent_and_can_open_its_own(tmp_path: Path) -> None:
    lines = script(FORK, tmp_path).splitlines()
    refused = "this engine belongs to the process that was forked, and cannot be used after fork()"
    assert lines[:4] == [refused] * 4
    assert lines[4:] == ["QueueStats(waiting=0, active=0, oldest_wait=0.0)", "3", "1"]


def test_engines_work_in_processes_that_are_spawned(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent(
            """
            import multiprocessing, sys
            from dokploy import sync

            def work(number):
                with sync.Engine.open(data_dir=f"{sys.argv[1]}/{number}", concurrency=0) as engine:
                    return engine.create_project(f"shop-{number}").name

            if __name__ == "__main__":
                with sync.Engine.open(data_dir=sys.argv[1], concurrency=0):
                    with multiprocessing.get_context("spawn").Pool(2) as pool:
                        print(pool.map(work, range(2)))
            """
        )
    )
    command = [sys.executable, str(program), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, timeout=120, check=True, encoding="utf-8")
    assert done.stdout == "['shop-0', 'shop-1']\n"


def test_importing_opens_nothing_and_starts_no_thread(tmp_path: Path) -> None:
    output = script("print(len(os.listdir('/proc/self/task')) if os.path.isdir('/proc') else 1)", tmp_path)
    assert output == "1\n"


@pytest.mark.parametrize("name", ["dokploy", "dokploy.sync"])
def test_help_and_completion_work(name: str, tmp_path: Path) -> None:
    output = script(f"import {name}; help({name}.Engine.deploy); print(dir({name}))", tmp_path)
    assert "Accepts a deployment." in output
    assert "DeploymentHandle" in output
