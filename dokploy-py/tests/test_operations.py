"""Both faces have every operation of the table, and none that it does not name."""

from __future__ import annotations

import inspect
from typing import Any

import dokploy
import pytest
from dokploy import sync
from worlds import DEFAULTS, TABLE

FACES = {
    "asyncio": {"Engine": dokploy.Engine, "DeploymentHandle": dokploy.DeploymentHandle},
    "sync": {"Engine": sync.Engine, "DeploymentHandle": sync.DeploymentHandle},
}
EACH = [pytest.param(face, op, id=f"{face}-{op['on']}.{op['name']}") for face in FACES for op in TABLE["operations"]]


@pytest.mark.parametrize(("face", "operation"), EACH)
def test_an_operation_is_there_with_its_arguments(face: str, operation: dict[str, Any]) -> None:
    member = inspect.getattr_static(FACES[face][operation["on"]], operation["name"])
    assert_kind(face, operation, member)
    if isinstance(member, property):
        assert operation["args"] == []
        return
    function = member.__func__ if isinstance(member, classmethod) else member
    assert function.__doc__, "it has documentation"
    taken = dict(list(inspect.signature(function).parameters.items())[1:])
    expected = arguments(operation)
    assert taken.keys() == expected.keys()
    for name, default in expected.items():
        if default is ...:
            assert taken[name].default is inspect.Parameter.empty, name
            assert taken[name].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD, name
            continue
        found = taken[name].default
        assert (list(found) if found == () else found) == default, name
        assert taken[name].kind is inspect.Parameter.KEYWORD_ONLY, name


def assert_kind(face: str, operation: dict[str, Any], member: Any) -> None:
    kind, name = operation["kind"], operation["name"]
    is_property = kind == "value" and not operation["args"]
    assert isinstance(member, property) == is_property, name
    assert isinstance(member, classmethod) == (kind == "open"), name
    function = getattr(member, "__func__", member)
    # What `open` gives can be awaited and can be used in `async with`.
    is_coroutine = face == "asyncio" and (kind == "call" or name == "migrate")
    assert inspect.iscoroutinefunction(function) == is_coroutine, name


def arguments(operation: dict[str, Any]) -> dict[str, Any]:
    """Names and defaults as Python has them; `...` where there is no default."""
    if operation["kind"] == "open":
        left_out = ("source", "event_sink") if operation["name"] == "migrate" else ()
        return {name: default for name, default in DEFAULTS.items() if name not in left_out}
    found: dict[str, Any] = {}
    for argument in operation["args"]:
        if argument["type"] == "DeploymentRequest":
            asked = dokploy.DeploymentRequest()
            found.update({name: getattr(asked, name) for name in vars(asked) if name != "push"})
        elif argument["type"].startswith("Kept<"):
            found[argument["name"]] = dokploy.UNCHANGED
        else:
            found[argument["name"]] = argument.get("default", ...)
    return found


@pytest.mark.parametrize("face", FACES)
def test_nothing_is_there_that_the_table_does_not_name(face: str) -> None:
    for of, cls in FACES[face].items():
        named = {operation["name"] for operation in TABLE["operations"] if operation["on"] == of}
        assert {name for name in vars(cls) if not name.startswith("_")} == named


def test_the_options_are_taken_with_the_defaults_of_the_core(tmp_path: Any) -> None:
    with sync.Engine.open(data_dir=tmp_path, concurrency=0) as engine:
        assert engine.queue_stats() == dokploy.QueueStats(0, 0, 0.0)
