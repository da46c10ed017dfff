"""The code in the README is what it says it is."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from dokploy import sync
from environment import real
from test_examples import image as image
from worlds import unique

BLOCKS = re.findall(
    r"```python\n(.*?)```", (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8"), re.DOTALL
)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_block_is_python(number: int) -> None:
    compile(BLOCKS[number], "README.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_the_first_block_deploys_changes_and_goes_back(image: str, tmp_path: Path) -> None:
    docker_host = real("docker")["DOKPLOY_TEST_DOCKER_HOST"]
    program = BLOCKS[0].replace('data_dir="dokploy-data"', f'data_dir="dokploy-data", docker_host="{docker_host}"')
    program = program.replace("nginx:alpine", image).replace('"shop"', f'"py-{unique()}"')
    command = [sys.executable, "-c", program]
    try:
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=240, check=True, encoding="utf-8")
        lines = done.stdout.splitlines()
        assert lines[0].startswith("Accepted(deployment_id='")
        assert lines[-3].startswith("Succeeded(")
        assert lines[-2:] == ["success", "success"]
    finally:
        with sync.Engine.open(data_dir=tmp_path / "dokploy-data", docker_host=docker_host) as engine:
            for application in engine.list_applications():
                engine.delete_application(application)
