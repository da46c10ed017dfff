"""A source fetcher and an event sink that are written in Python."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import dokploy
import pytest
from dokploy import errors, events, sources
from worlds import FakeWorld

UPDATE = dokploy.UpdatePolicy(monitor=0.1, delay=0)
GIT = dokploy.GitSource("https://git.example.com/shop.git", branch="main")


class Fetcher:
    """Has one tree, and fails where it is told to."""

    def __init__(self, fails: dict[str, Exception] | None = None) -> None:
        self.fails = fails or {}
        self.calls: list[str] = []
        self.requests: list[dokploy.SourceRequest] = []

    def enter(self, method: str) -> None:
        self.calls.append(method)
        if method in self.fails:
            raise self.fails[method]

    def resolve(self, request: dokploy.SourceRequest) -> dokploy.Revision:
        self.requests.append(request)
        self.enter("resolve")
        return dokploy.Revision("1a2b3c4d", message="as it is", author="Ada")

    def fetch(self, request: dokploy.SourceRequest, revision: dokploy.Revision, directory: Path) -> None:
        assert revision.id == "1a2b3c4d"
        self.enter("fetch")
        (directory / "Dockerfile").write_text(f"FROM scratch\n# {request.application}\n")

    def forget(self, application: str) -> None:
        self.enter("forget")


class AsyncFetcher(Fetcher):
    async def resolve(self, request: dokploy.SourceRequest) -> dokploy.Revision:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().resolve(request)

    async def fetch(  # type: ignore[override]
        self, request: dokploy.SourceRequest, revision: dokploy.Revision, directory: Path
    ) -> None:
        await asyncio.sleep(0)
        super().fetch(request, revision, directory)


async def deployed(tmp_path: Path, **parts: Any) -> tuple[dokploy.Deployment, list[dokploy.Event]]:
    async with await FakeWorld(tmp_path, waits=False).open(**parts) as engine:
        project = await engine.create_project("shop")
        spec = dokploy.ApplicationSpec("web", git_source=GIT, update=UPDATE)
        application = await engine.create_application(project, spec)
        deployment = await engine.deploy(application)
        seen = [event async for event in deployment.events()]
        outcome = await deployment.get()
        await engine.delete_application(application)
        return outcome, seen


@pytest.mark.parametrize("kind", [Fetcher, AsyncFetcher])
async def test_code_comes_from_a_fetcher_of_the_callers_own(kind: type[Fetcher], tmp_path: Path) -> None:
    fetcher = kind()
    outcome, _ = await deployed(tmp_path, source=fetcher)
    assert outcome.state.status == "success", outcome.state
    assert fetcher.calls[0] == "resolve"
    assert fetcher.calls[-1] == "forget"
    assert "fetch" in fetcher.calls
    request = fetcher.requests[0]
    assert isinstance(request.source, sources.Git)
    assert (request.source.repo_url, request.source.branch) == (GIT.repo_url, "main")
    assert request.application == outcome.application_id


@pytest.mark.parametrize("kind", [Fetcher, AsyncFetcher])
@pytest.mark.parametrize("method", ["resolve", "fetch"])
async def test_an_exception_of_a_fetcher_fails_the_deployment_with_its_message(
    kind: type[Fetcher], method: str, tmp_path: Path
) -> None:
    fetcher = kind({method: ValueError("there is no such branch")})
    outcome, _ = await deployed(tmp_path, source=fetcher)
    failure = outcome.state.failure
    assert failure is not None
    assert (outcome.state.status, failure.code, failure.message) == (
        "failed",
        "source_failed",
        "there is no such branch",
    )
    assert any(cause.startswith("ValueError in enter, test_parts.py:") for cause in failure.causes)


async def test_an_exception_of_the_package_says_what_kind_of_failure_it_is(tmp_path: Path) -> None:
    refused = errors.Unauthenticated("the token has expired", hint="make a new one")
    outcome, _ = await deployed(tmp_path, source=Fetcher({"resolve": refused}))
    failure = outcome.state.failure
    assert failure is not None
    assert (failure.code, failure.message, failure.hint) == (
        "unauthenticated",
        "the token has expired",
        "make a new one",
    )


async def test_an_answer_that_is_no_revision_fails_the_deployment(tmp_path: Path) -> None:
    fetcher = Fetcher()
    fetcher.resolve = lambda request: "main"  # type: ignore[assignment,return-value,method-assign]
    outcome, _ = await deployed(tmp_path, source=fetcher)
    assert outcome.state.failure is not None
    assert outcome.state.failure.message == "a Revision is expected, not str"


async def test_cancelling_a_deployment_cancels_the_coroutine_of_a_fetcher(tmp_path: Path) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    class Endless(Fetcher):
        async def fetch(  # type: ignore[override]
            self, request: dokploy.SourceRequest, revision: dokploy.Revision, directory: Path
        ) -> None:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

    async with await FakeWorld(tmp_path, waits=False).open(source=Endless()) as engine:
        project = await engine.create_project("shop")
        application = await engine.create_application(project, dokploy.ApplicationSpec("web", git_source=GIT))
        deployment = await engine.deploy(application)
        await begun.wait()
        await deployment.cancel()
        assert (await deployment.wait(timeout=60)).state.status == "cancelled"
        await ended.wait()


async def test_a_sink_is_told_each_event_in_order(tmp_path: Path) -> None:
    told: list[dokploy.Event] = []
    threads = set()

    def sink(event: dokploy.Event) -> None:
        threads.add(threading.current_thread())
        told.append(event)

    outcome, seen = await deployed(tmp_path, source=Fetcher(), event_sink=sink)
    assert outcome.state.status == "success"
    assert told == seen
    assert threading.main_thread() not in threads, "a plain function may block without holding up the loop"


async def test_an_asynchronous_sink_runs_in_the_loop_that_opened_the_engine(tmp_path: Path) -> None:
    told: list[str] = []
    here = asyncio.get_running_loop()

    async def sink(event: dokploy.Event) -> None:
        assert asyncio.get_running_loop() is here
        told.append(event.type)

    outcome, seen = await deployed(tmp_path, source=Fetcher(), event_sink=sink)
    assert outcome.state.status == "success"
    assert told == [event.type for event in seen]


async def test_an_exception_of_a_sink_fails_the_deployment_with_its_message(tmp_path: Path) -> None:
    def sink(event: dokploy.Event) -> None:
        if isinstance(event, events.StepStarted) and event.step == "build_image":
            raise ConnectionError("the chat does not answer")

    outcome, _ = await deployed(tmp_path, source=Fetcher(), event_sink=sink)
    assert outcome.state.status == "failed"
    assert outcome.state.failure is not None
    assert outcome.state.failure.message == "the event sink failed: the chat does not answer"


def test_parts_work_without_a_loop(tmp_path: Path) -> None:
    told: list[str] = []

    async def sink(event: dokploy.Event) -> None:
        await asyncio.sleep(0)
        told.append(event.type)

    # The loop that opens the engine has ended when it works.
    world = FakeWorld(tmp_path, waits=True)
    engine = asyncio.run(world.open(source=AsyncFetcher(), event_sink=sink))
    with engine:
        spec = dokploy.ApplicationSpec("web", git_source=GIT, update=UPDATE)
        deployment = engine.deploy(engine.create_application(engine.create_project("shop"), spec))
        assert deployment.wait(timeout=60).state.status == "success"
    assert told[-1] == "succeeded"


async def test_what_is_no_part_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="a source has the method resolve"):
        await dokploy.Engine.open(data_dir=tmp_path, source=object())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="an event sink is a function"):
        await dokploy.Engine.open(data_dir=tmp_path, event_sink="mail")  # type: ignore[arg-type]
