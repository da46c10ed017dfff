"""The examples do what they say, on a real container engine."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dokploy
import pytest
from dokploy import sync
from environment import real
from worlds import unique

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"

SERVE = '["/bin/busybox", "sh", "-c", "echo serving; exec /bin/busybox sleep 3600"]'


@pytest.fixture
def place(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A directory to run an example in, and its environment. What it deployed is removed afterwards."""
    environment = real("docker", "registry")
    variables = {
        **os.environ,
        "DOCKER_HOST": environment["DOKPLOY_TEST_DOCKER_HOST"],
        "PROJECT": f"py-{unique()}",
        "PWD": str(tmp_path),
        "COLUMNS": "200",
    }
    yield variables
    if (tmp_path / "dokploy-data").exists():
        with sync.Engine.open(data_dir=tmp_path / "dokploy-data", docker_host=variables["DOCKER_HOST"]) as engine:
            for application in engine.list_applications():
                engine.delete_application(application)


def tree(directory: Path, dockerfile: str) -> Path:
    directory.mkdir(parents=True)
    (directory / "nonce").write_text(unique())
    base_image = os.environ["DOKPLOY_TEST_BASE_IMAGE"]
    (directory / "Dockerfile").write_text(f"FROM {base_image}\nCOPY nonce /nonce\n{dockerfile}\n")
    return directory


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An image that keeps running, in the registry of the test environment."""
    environment = real("docker", "registry")
    directory = tmp_path_factory.mktemp("image")
    with sync.Engine.open(
        data_dir=directory / "data", docker_host=environment["DOKPLOY_TEST_DOCKER_HOST"], local_sources=True
    ) as engine:
        spec = dokploy.ApplicationSpec(
            f"py-{unique()}",
            directory=str(tree(directory / "tree", f"CMD {SERVE}")),
            registry=f"{environment['DOKPLOY_TEST_REGISTRY']}/py-examples",
            update=dokploy.UpdatePolicy(monitor=0.5),
        )
        application = engine.create_application(engine.create_project("images"), spec)
        outcome = engine.deploy(application).wait(timeout=120)
        assert outcome.state.status == "success", outcome.state
        release = engine.find_release(outcome.state.release_id or "")
        assert release is not None
        engine.delete_application(application)
        return release.image_reference


def run(name: str, *arguments: str, place: dict[str, str], status: int = 0) -> str:
    command = [sys.executable, str(EXAMPLES / name), *arguments]
    done = subprocess.run(command, cwd=place["PWD"], env=place, capture_output=True, timeout=240, encoding="utf-8")
    assert done.returncode == status, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def test_quickstart_deploys_changes_and_goes_back(place: dict[str, str], image: str) -> None:
    lines = run("quickstart.py", image, place=place).splitlines()
    assert lines[0].startswith("deployed: success")
    assert lines[1:3] == ["changed: success", "rolled back: success"]
    assert re.fullmatch(r"\S+ serves release [0-9a-f-]{36}", lines[3])


def test_deploy_from_git_shows_log_and_progress(place: dict[str, str], tmp_path: Path) -> None:
    repository = tree(tmp_path / "shop", f"CMD {SERVE}")
    for command in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "--all"],
        ["commit", "--quiet", "-m", "first"],
    ):
        who = ["-c", "user.name=tests", "-c", "user.email=tests@example.com"]
        subprocess.run(["git", "-C", str(repository), *who, *command], check=True)
    output = run("deploy_from_git.py", repository.as_uri(), place=place)
    assert "build_image" in output
    assert "succeeded" in output
    run("deploy_from_git.py", repository.as_uri(), "no-such-branch", place=place, status=1)


def test_a_ci_step_ends_with_the_code_that_says_why(place: dict[str, str], tmp_path: Path) -> None:
    good = tree(tmp_path / "good", f"CMD {SERVE}")
    assert "success" in run("ci_step.py", str(good), "good", place=place)
    bad = tree(tmp_path / "bad", 'RUN ["/bin/busybox", "false"]')
    assert "::error::" in run("ci_step.py", str(bad), "bad", place=place, status=1)
    assert "::error::name: is not" in run("ci_step.py", str(good), "Not A Name", place=place, status=2)
    away = {**place, "DOCKER_HOST": f"unix://{tmp_path}/nothing.sock"}
    assert "start the Docker engine" in run("ci_step.py", str(good), "good", place=away, status=3)


def test_the_notebook_runs_from_top_to_bottom(place: dict[str, str], image: str) -> None:
    import nbclient
    import nbformat

    notebook = nbformat.reads((EXAMPLES / "notebook.ipynb").read_text(), as_version=4)  # type: ignore[no-untyped-call]
    client = nbclient.NotebookClient(notebook, timeout=240, resources={"metadata": {"path": place["PWD"]}})
    client.execute(env={**place, "IMAGE": image})
    outputs = json.dumps([cell.get("outputs", []) for cell in notebook.cells])
    assert "RuntimeInfo(" in outputs
    assert "Plan(" in outputs
    assert "succeeded" in outputs
    assert "status='success'" in outputs


async def test_fastapi_sends_live_events(place: dict[str, str], image: str) -> None:
    import httpx

    command = [sys.executable, "-m", "uvicorn", "fastapi_app:app", "--app-dir", str(EXAMPLES), "--port", "0"]
    server = await asyncio.create_subprocess_exec(
        *command, cwd=place["PWD"], env={**place, "IMAGE": image}, stderr=asyncio.subprocess.PIPE
    )
    try:
        url = await asyncio.wait_for(address(server), 60)
        async with httpx.AsyncClient(base_url=url, timeout=120) as client:
            assert "EventSource" in (await client.get("/")).text
            assert (await client.get("/deployments/no-id")).status_code == 422
            id = (await client.post("/deployments")).json()["id"]
            events = [event async for event in sent(client, id, after=0)]
            assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
            assert (events[0]["type"], events[-1]["type"]) == ("accepted", "succeeded")
            rest = [event async for event in sent(client, id, after=3)]
            assert rest == events[3:]
            assert (await client.get(f"/deployments/{id}")).json()["state"]["status"] == "success"
    finally:
        server.terminate()
        assert await asyncio.wait_for(server.wait(), 60) in (0, -15)


async def address(server: asyncio.subprocess.Process) -> str:
    assert server.stderr is not None
    async for line in server.stderr:
        if found := re.search(rb"running on (\S+)", line):
            return found[1].decode()
    raise AssertionError("the server did not start")


async def sent(client: Any, id: str, after: int) -> Any:
    async with client.stream("GET", f"/deployments/{id}/events", headers={"Last-Event-ID": str(after)}) as answer:
        async for line in answer.aiter_lines():
            if line == "event: end":
                return
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))
