"""Runs the scenarios of `tests/parity/scenarios.json`."""

from __future__ import annotations

import asyncio
import copy
import json
import re
from pathlib import Path
from typing import Any

import dokploy
from worlds import PARITY, FakeWorld, RealWorld, unique

FILE = json.loads((PARITY / "scenarios.json").read_text(encoding="utf-8"))
SCENARIOS = {scenario["name"]: scenario for scenario in FILE["scenarios"]}

#: How long anything may take, in seconds.
DEADLINE = 180


def snake(name: str) -> str:
    return re.sub(r"(?=[A-Z])", "_", name).lower()


class Run:
    """One scenario in one world."""

    def __init__(self, scenario: dict[str, Any], world: FakeWorld | RealWorld) -> None:
        self.scenario = scenario
        self.world = world
        self.engines: dict[str, Any] = {}
        self.answers: dict[str, Any] = {}
        self.words = {
            "tree": str(world.directory / "tree"),
            "base_image": world.base_image,
            "nonce": unique(),
            "project": f"py-{unique()}",
        }

    async def run(self) -> None:
        self.write_tree()
        try:
            await self.open({"engine": "main", "options": self.scenario.get("options", {})})
            for number, step in enumerate(self.scenario["steps"], 1):
                try:
                    await asyncio.wait_for(getattr(self, step["do"])(step), DEADLINE)
                except Exception as error:
                    raise AssertionError(f"step {number} {json.dumps(step)}") from error
        finally:
            await self.clean()

    def write_tree(self) -> None:
        tree = Path(self.words["tree"])
        tree.mkdir()
        for name, content in FILE["tree"].items():
            (tree / name).write_text(self.filled(content), encoding="utf-8")

    async def clean(self) -> None:
        """Removes what a real container engine would keep."""
        left = [engine for engine in self.engines.values() if hasattr(engine, "list_applications")]
        if isinstance(self.world, RealWorld) and left:
            page = await self.called(left[0].list_applications)
            for application in page:
                await self.ended(left[0], application)
        for engine in self.engines.values():
            await self.called(engine.close)

    async def ended(self, engine: Any, application: Any) -> None:
        worker = await self.world.open(**self.options({"concurrency": 1}))
        if application.database_id is None:
            await self.called(worker.delete_application, application)
        else:
            await self.called(worker.delete_database, application.database_id)
        await self.called(worker.close)

    # The steps.

    async def open(self, step: dict[str, Any]) -> None:
        options = self.options(step.get("options", {}))
        self.engines[step["engine"]] = await self.world.open(process=step.get("process", False), **options)

    async def kill(self, step: dict[str, Any]) -> None:
        await self.world.kill(self.engines.pop(step["engine"]))

    async def close(self, step: dict[str, Any]) -> None:
        await self.called(self.engines.pop(step["engine"]).close)

    async def call(self, step: dict[str, Any]) -> None:
        try:
            answer = await self.answer(step)
        except dokploy.Error as error:
            assert "fails" in step, f"{error.code}: {error}"
            self.compare_error(step["fails"], error)
            return
        assert "fails" not in step, f"it answered {answer!r}"
        if "as" in step:
            self.answers[step["as"]] = answer
        if "expect" in step:
            match(self.filled(step["expect"]), plain(answer), step["operation"])

    async def until(self, step: dict[str, Any]) -> None:
        async for event in self.events_of(step):
            if matches(step["event"], event):
                return
        raise AssertionError("there was no such event")

    async def events(self, step: dict[str, Any]) -> None:
        events = [event async for event in self.events_of(step)]
        seen = [event for event in events if event["type"] not in ("step_progressed", "warned")]
        expected = self.filled(step["expect"])
        told = [f"{event['type']} {event.get('step', '')}".strip() for event in seen]
        assert len(seen) == len(expected), f"{told}"
        for number, (one, other) in enumerate(zip(expected, seen, strict=True)):
            match(one, other, f"events[{number}]")

    # What they are made of.

    async def answer(self, step: dict[str, Any]) -> Any:
        arguments = {snake(name): self.filled(value) for name, value in step.get("args", {}).items()}
        if "spec" in arguments:
            arguments["spec"] = self.spec(arguments["spec"])
        if "request" in arguments:
            arguments.update({snake(name): value for name, value in arguments.pop("request").items()})
        return await self.called(getattr(self.target(step), step["operation"]), **arguments)

    async def called(self, function: Any, *arguments: Any, **named: Any) -> Any:
        """Calls an operation of either face."""
        if self.world.waits and function.__name__ != "deployment":
            return await asyncio.to_thread(function, *arguments, **named)
        answer = function(*arguments, **named)
        return await answer if asyncio.iscoroutine(answer) else answer

    def target(self, step: dict[str, Any]) -> Any:
        engine = self.engines[step.get("engine", "main")]
        if "of" not in step:
            return engine
        handle = self.answers[step["of"].removeprefix("$")]
        return engine.deployment(handle.id) if "engine" in step else handle

    async def events_of(self, step: dict[str, Any]) -> Any:
        stream = self.target(step).events(after=step.get("after", 0))
        if self.world.waits:
            while (event := await asyncio.to_thread(next, stream, None)) is not None:
                yield event.to_dict()
        else:
            async for event in stream:
                yield event.to_dict()

    def options(self, options: dict[str, Any]) -> dict[str, Any]:
        merged = {**FILE["options"], **self.scenario.get("options", {}), **options}
        return {snake(name): value for name, value in merged.items()}

    def spec(self, changes: dict[str, Any]) -> dict[str, Any]:
        merged = {**copy.deepcopy(self.filled(FILE["spec"])), **changes}
        return {name: value for name, value in merged.items() if value is not None}

    def compare_error(self, expected: dict[str, Any], error: dokploy.Error) -> None:
        assert error.code == expected["code"], f"{error!r}"
        assert error.retryable == expected.get("retryable", error.retryable)
        if "violations" in expected:
            assert sorted(violation.field for violation in error.violations) == expected["violations"], f"{error}"

    def filled(self, value: Any) -> Any:
        """A value with its placeholders and references replaced."""
        if isinstance(value, dict):
            return {key: self.filled(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.filled(item) for item in value]
        if not isinstance(value, str):
            return value
        if value.startswith("$") and not value.startswith("${"):
            first, *path = value[1:].split(".")
            found = plain(self.answers[first])
            for part in path:
                found = found[part]
            return found
        return re.sub(r"\$\{(\w+)\}", lambda found: self.words[found[1]], value)


def plain(answer: Any) -> Any:
    """An answer in the words of the wire."""
    if hasattr(answer, "to_dict"):
        return exposed(answer.to_dict())
    if hasattr(answer, "_asdict"):
        return {name: plain(value) for name, value in answer._asdict().items()}
    return {"id": answer.id} if hasattr(answer, "id") else answer


def exposed(value: Any) -> Any:
    """Plain data in which a secret is the text that it is on the wire."""
    if isinstance(value, dict):
        return {key: exposed(item) for key, item in value.items()}
    return value.expose() if isinstance(value, dokploy.Secret) else value


def match(expected: Any, found: Any, path: str) -> None:
    """What is expected is a part of what was found."""
    if expected == "*":
        assert found is not None, f"{path} is missing"
    elif isinstance(expected, dict):
        assert isinstance(found, dict), f"{path} is {found!r}"
        for key, value in expected.items():
            match(value, found.get(key), f"{path}.{key}")
    elif isinstance(expected, list):
        assert isinstance(found, list), f"{path} is {found!r}"
        assert len(expected) == len(found), f"{path} has {len(found)} entries: {found!r}"
        for number, (one, other) in enumerate(zip(expected, found, strict=True)):
            match(one, other, f"{path}[{number}]")
    else:
        assert expected == found, f"{path} is {found!r} instead of {expected!r}"


def matches(expected: Any, found: Any) -> bool:
    try:
        match(expected, found, "")
    except AssertionError:
        return False
    return True
