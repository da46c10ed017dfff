"""What happens the same way in every language."""

from __future__ import annotations

from pathlib import Path

import pytest
from environment import real
from scenario import SCENARIOS, Run
from worlds import FakeWorld, RealWorld

FACES = pytest.mark.parametrize("waits", [False, True], ids=["asyncio", "sync"])
EACH = pytest.mark.parametrize("name", SCENARIOS)


@FACES
@EACH
async def test_a_scenario_on_a_container_engine_in_memory(name: str, waits: bool, tmp_path: Path) -> None:
    await Run(SCENARIOS[name], FakeWorld(tmp_path, waits=waits)).run()


@EACH
async def test_a_scenario_on_a_real_container_engine(name: str, tmp_path: Path) -> None:
    environment = real("docker")
    await Run(SCENARIOS[name], RealWorld(tmp_path, environment, waits=False)).run()
