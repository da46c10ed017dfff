"""Where scenarios take place: on a container engine in memory, or on a real one."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import uuid
from pathlib import Path
from typing import Any

import dokploy
import dokploy.sync
from dokploy import _dokploy
from dokploy._parts import sink_part, source_part

PARITY = Path(__file__).resolve().parents[2] / "tests" / "parity"
TABLE = json.loads((PARITY / "operations.json").read_text(encoding="utf-8"))
DEFAULTS = {option["name"]: option["default"] for option in TABLE["open_options"]}


def options_text(data_dir: Path, options: dict[str, Any]) -> str:
    """Options as the native module takes them."""
    values = {**DEFAULTS, "data_dir": str(data_dir), **options}
    return json.dumps({name: value for name, value in values.items() if name not in ("source", "event_sink")})


class FakeWorld:
    """Store and container engine in memory; engines share them."""

    base_image = "scratch"

    def __init__(self, directory: Path, *, waits: bool) -> None:
        self.directory = directory
        self.native = _dokploy.FakeWorld()  # type: ignore[attr-defined]
        #: Whether its engines are those of `dokploy.sync`.
        self.waits = waits
        self.count = 0

    async def open(self, *, process: bool = False, source: Any = None, event_sink: Any = None, **options: Any) -> Any:
        del process
        self.count += 1
        text = options_text(self.directory / f"engine-{self.count}", {"watch_interval": 0, **options})
        source = None if source is None else source_part(source)
        sink = None if event_sink is None else sink_part(event_sink)
        native = await self.native.open(text, source, sink)
        return dokploy.sync.Engine(native) if self.waits else dokploy.Engine(native)

    async def kill(self, engine: Any) -> None:
        self.native.kill(engine._native)


class RealWorld:
    """A container engine of the test environment, and a database in a file."""

    def __init__(self, directory: Path, environment: dict[str, str], *, waits: bool) -> None:
        self.directory = directory
        self.base_image = environment["DOKPLOY_TEST_BASE_IMAGE"]
        self.waits = waits
        self.count = 0
        self.options = {
            "docker_host": environment["DOKPLOY_TEST_DOCKER_HOST"],
            "database_url": f"sqlite://{directory}/dokploy.db",
            "secret_key_file": str(directory / "secret.key"),
            "network": "dokploy-tests",
        }

    async def open(self, *, process: bool = False, **options: Any) -> Any:
        self.count += 1
        options = {**self.options, **options, "data_dir": str(self.directory / f"engine-{self.count}")}
        if process:
            return await Worker.start(options)
        if self.waits:
            return await asyncio.to_thread(lambda: dokploy.sync.Engine.open(**options))
        return await dokploy.Engine.open(**options)

    async def kill(self, worker: Any) -> None:
        await worker.kill()


class Worker:
    """An engine in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    @classmethod
    async def start(cls, options: dict[str, Any]) -> Worker:
        script = Path(__file__).with_name("worker.py")
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(script), json.dumps(options), stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        assert (await asyncio.wait_for(process.stdout.readline(), 60)) == b"open\n"
        return cls(process)

    async def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        assert await asyncio.wait_for(self.process.wait(), 60) == -signal.SIGKILL

    async def close(self) -> None:
        os.kill(self.process.pid, signal.SIGTERM)
        assert await asyncio.wait_for(self.process.wait(), 60) == 0


def unique() -> str:
    return uuid.uuid4().hex[:12]
