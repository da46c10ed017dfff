"""Exceptions: one class for each kind, native to what Python programs catch."""

from __future__ import annotations

import json
import pickle
import sys
import traceback
from pathlib import Path
from typing import Any

import dokploy
import pytest
from dokploy import _dokploy, errors, sync
from worlds import PARITY

CODES = [value["value"] for value in json.loads((PARITY / "shapes.json").read_text())["ErrorKind"]["values"]]


@pytest.mark.parametrize("code", CODES)
async def test_every_kind_has_a_class_of_its_own(code: str) -> None:
    with pytest.raises(dokploy.Error) as caught:
        await _dokploy.FakeWorld.fail(code)  # type: ignore[attr-defined]
    error = caught.value
    assert type(error) is getattr(errors, "".join(word.capitalize() for word in code.split("_")))
    assert (error.code, str(error), error.hint, error.operation) == (
        code,
        f"it failed with {code}",
        "try something else",
        "fail",
    )
    assert error.causes == ("the cause",)
    assert error.retryable == (code in ("rate_limited", "unavailable"))
    assert error.violations == ()


def test_a_traceback_shows_the_cause_and_the_hint() -> None:
    with pytest.raises(errors.Unavailable) as caught:
        _dokploy.FakeWorld.fail("unavailable").result()  # type: ignore[attr-defined]
    text = "".join(traceback.format_exception(caught.value))
    assert "dokploy.errors.Unavailable: it failed with unavailable" in text
    if sys.version_info >= (3, 11):
        assert "because the cause\nhint: try something else" in text


def test_an_exception_survives_pickling() -> None:
    with pytest.raises(errors.Conflict) as caught:
        _dokploy.FakeWorld.fail("conflict").result()  # type: ignore[attr-defined]
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301
    assert type(again) is errors.Conflict
    assert vars(again) == vars(caught.value)


@pytest.mark.parametrize(
    ("code", "builtin"),
    [
        ("not_found", LookupError),
        ("invalid_spec", ValueError),
        ("timed_out", TimeoutError),
        ("permission_denied", OSError),
    ],
)
def test_a_kind_is_what_python_programs_expect(code: str, builtin: type[Exception]) -> None:
    with pytest.raises(builtin):
        _dokploy.FakeWorld.fail(code).result()  # type: ignore[attr-defined]


async def test_a_panic_of_the_engine_is_an_exception_and_no_crash() -> None:
    with pytest.raises(errors.Unexpected, match="panicked"):
        await _dokploy.FakeWorld.panic()  # type: ignore[attr-defined]


def test_wrong_options_name_the_option(tmp_path: Path) -> None:
    with pytest.raises(errors.InvalidSpec) as caught:
        sync.Engine.open(data_dir=tmp_path, database_url="mysql://hunter2@localhost/db")
    assert "hunter2" not in f"{caught.value} {caught.value!r} {vars(caught.value)}"
    with pytest.raises(errors.InvalidSpec):
        sync.Engine.open(data_dir=tmp_path, lease=-1)
    with pytest.raises(errors.InvalidSpec) as caught:
        sync.Engine.open(data_dir=tmp_path, secret_key="AAAA", secret_key_file="key")
    assert [violation.field for violation in caught.value.violations] == ["secretKey"]


def test_wrong_types_are_type_errors(tmp_path: Path) -> None:
    with sync.Engine.open(data_dir=tmp_path, concurrency=0) as engine:
        with pytest.raises(TypeError):
            engine.create_project(7)  # type: ignore[arg-type]
        with pytest.raises((TypeError, AttributeError)):
            engine.find_project(7)  # type: ignore[arg-type]


def test_an_engine_that_is_closed_can_be_closed_again(tmp_path: Path) -> None:
    engine = sync.Engine.open(data_dir=tmp_path, concurrency=0)
    engine.close()
    engine.close()


async def test_common_mistakes_are_named_in_the_words_of_the_language(tmp_path: Path) -> None:
    opening: Any = dokploy.Engine.open(data_dir=tmp_path, concurrency=0)
    with pytest.raises(AttributeError, match="being opened: await it"):
        await opening.create_project("shop")
    with pytest.raises(TypeError, match=r"dokploy\.sync\.Engine\.open"), opening:
        pass
    async with dokploy.Engine.open(data_dir=tmp_path, concurrency=0) as engine:
        project = await engine.create_project("shop")
        missing: Any = await engine.find_application_by_name(project, "web")
        with pytest.raises(TypeError, match="an id, or something that has one, is expected, not None"):
            await engine.deploy(missing)
        replicas: Any = "hunter2"
        spec = dokploy.ApplicationSpec("web", image="web", replicas=replicas)
        with pytest.raises(errors.InvalidSpec, match=r"^replicas: invalid type, expected a whole number") as caught:
            await engine.create_application(project, spec)
        assert "hunter2" not in "".join(traceback.format_exception(caught.value))
