"""Shapes: readable, unchangeable, without secrets, and the same on the way there and back."""

from __future__ import annotations

import copy
import json
import pickle
import sys
from datetime import datetime, timezone

import dokploy
import pytest
from dokploy import credentials, events, outputs
from dokploy._shape import read_time

SPEC = dokploy.ApplicationSpec(
    "web",
    git_source=dokploy.GitSource("https://git.example.com/shop.git", branch="main"),
    env_vars=[
        dokploy.EnvVar("GREETING", "hello"),
        dokploy.EnvVar("TOKEN", dokploy.Secret("hunter2"), delivery="file"),
        dokploy.EnvVar("KEPT", dokploy.SealedSecret("1", "c2VhbGVk")),
    ],
    build_secrets={"npm": dokploy.Secret("hunter2")},
    ports=[dokploy.Port(80, published=8080)],
    health_check=dokploy.HealthCheck(["curl", "-f", "http://localhost/"]),
    release_command="migrate",
)


def test_a_shape_shows_what_was_said_and_no_secret() -> None:
    shown = repr(SPEC)
    assert shown.startswith(
        "ApplicationSpec(name='web', git_source=GitSource(repo_url='https://git.example.com/shop.git'"
    )
    assert "EnvVar(key='TOKEN', value=Secret(…), delivery='file')" in shown
    assert "SealedSecret(key_id='1', sealed=…)" in shown
    assert "replicas" not in shown, "what was left out is not shown"
    for text in (shown, str(SPEC), f"{SPEC}", str(SPEC.to_dict()), f"{SPEC.env_vars[1].value}"):
        assert "hunter2" not in text


def test_a_secret_is_neither_pickled_nor_written_as_json() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(dokploy.Secret("hunter2"))
    with pytest.raises(TypeError):
        json.dumps(SPEC.to_dict())
    assert dokploy.Secret("hunter2").expose() == "hunter2"


def test_a_shape_cannot_be_changed_but_copied_with_a_change() -> None:
    with pytest.raises(AttributeError, match=r"use replace\(replicas=…\)"):
        SPEC.replicas = 3  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del SPEC.replicas
    three = SPEC.replace(replicas=3)
    assert (SPEC.replicas, three.replicas) == (1, 3)
    assert three.replace(replicas=1) == SPEC
    with pytest.raises(TypeError, match="has no field colour"):
        SPEC.replace(colour="red")
    if sys.version_info >= (3, 13):
        assert copy.replace(SPEC, replicas=3) == three


def test_a_shape_comes_back_as_it_went() -> None:
    plain = SPEC.replace(env_vars=[SPEC.env_vars[0], SPEC.env_vars[2]], build_secrets={})
    assert dokploy.ApplicationSpec.from_dict(json.loads(json.dumps(plain.to_dict()))) == plain
    assert plain.to_dict()["gitSource"] == {
        "repoUrl": "https://git.example.com/shop.git",
        "branch": "main",
        "submodules": False,
        "watchPaths": [],
    }


def test_defaults_are_those_of_the_core() -> None:
    spec = dokploy.ApplicationSpec("web")
    assert (spec.dockerfile, spec.context, spec.stop_grace, spec.auto_deploy) == ("Dockerfile", ".", 30, True)
    assert spec.restart == dokploy.RestartPolicy(condition="on-failure", max_attempts=3, delay=5, window=120)
    assert spec.update.monitor == 30


def test_equal_shapes_are_equal_and_hash_alike() -> None:
    assert dokploy.Port(80) == dokploy.Port(80, mode="ingress")
    assert len({dokploy.Port(80), dokploy.Port(80), dokploy.Port(81)}) == 2
    assert dokploy.Port(80) != (80, None, "ingress", "tcp")


def test_events_are_told_apart_by_their_class() -> None:
    event = dokploy.Event.from_dict(
        {
            "deploymentId": "0189",
            "seq": 7,
            "at": "2026-01-31T12:00:00.5Z",
            "type": "step_finished",
            "step": "build_image",
            "output": {"output": "built", "image": "web:1", "imageId": "sha256:1", "fingerprint": "f", "reused": False},
        }
    )
    match event:
        case events.StepFinished(step="build_image", output=outputs.Built(image=image)):
            assert image == "web:1"
        case other:
            pytest.fail(f"{other!r}")
    assert event.type == "step_finished"
    assert event.at == datetime(2026, 1, 31, 12, 0, 0, 500_000, timezone.utc)
    assert dokploy.Event.from_dict(event.to_dict()) == event
    assert pickle.loads(pickle.dumps(event)) == event  # noqa: S301


def test_a_credential_takes_a_text_as_a_secret() -> None:
    secret = credentials.Basic("me", "hunter2")
    assert "hunter2" not in repr(secret)
    assert secret.to_dict() == {"basic": {"username": "me", "password": dokploy.Secret("hunter2")}}


@pytest.mark.parametrize(
    ("text", "micros"),
    [("2026-01-31T12:00:00Z", 0), ("2026-01-31T12:00:00.5Z", 500_000), ("2026-01-31T12:00:00.123456Z", 123_456)],
)
def test_times_are_read_as_the_core_writes_them(text: str, micros: int) -> None:
    assert read_time(text) == datetime(2026, 1, 31, 12, 0, 0, micros, timezone.utc)


def test_a_page_is_a_list_that_says_where_the_next_one_starts() -> None:
    page = dokploy.Page([dokploy.Port(80), dokploy.Port(81)], "0189")
    assert [port.target for port in page] == [80, 81]
    assert len(page) == 2
    assert repr(page) == "Page(items=(Port(target=80), Port(target=81)), next='0189')"
