"""What is generated is up to date, and type checkers agree with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["codegen", "--check"], id="the modules that are made of the core's shapes"),
        pytest.param(["codegen/stub.py", "--check"], id="the stub of the native module"),
        pytest.param(["-m", "mypy"], id="mypy --strict"),
        pytest.param(["-m", "pyright"], id="pyright, strict"),
        pytest.param(
            ["-m", "pyright", "--verifytypes", "dokploy", "--ignoreexternal"], id="types of all that is public"
        ),
        pytest.param(["-m", "ruff", "check"], id="ruff check"),
        pytest.param(["-m", "ruff", "format", "--check"], id="ruff format"),
    ],
)
def test_the_package_passes(command: list[str]) -> None:
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
