"""Webhooks, as a program gets them that has a server of its own, and what a monitor reads."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path

import dokploy
import pytest
from dokploy import errors
from worlds import FakeWorld

PUSH = json.dumps(
    {
        "ref": "refs/heads/main",
        "before": "6113728f27ae82c7b1a177c8d03f9e96e0adf246",
        "after": "59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5",
        "commits": [],
        "head_commit": {"id": "59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5", "message": "as it is"},
        "repository": {"clone_url": "https://github.com/you/shop.git", "default_branch": "main"},
    }
).encode()


def headers(secret: dokploy.Secret) -> dict[str, str]:
    signature = hmac.new(secret.expose().encode(), PUSH, hashlib.sha256).hexdigest()
    return {"X-GitHub-Event": "push", "X-GitHub-Delivery": "1", "X-Hub-Signature-256": f"sha256={signature}"}


async def test_a_signed_push_deploys_once_and_one_with_another_secret_never(tmp_path: Path) -> None:
    async with await FakeWorld(tmp_path, waits=False).open(concurrency=0) as engine:
        source = dokploy.GitSource("https://github.com/you/shop.git", branch="main")
        project = await engine.create_project("shop")
        application = await engine.create_application(project, dokploy.ApplicationSpec("web", git_source=source))
        secret = await engine.webhook_secret(application)
        assert secret is not None
        first = await engine.receive_webhook("github", headers(secret), PUSH)
        again = await engine.receive_webhook("github", headers(secret), PUSH)
        (id,) = first.deployments
        assert again.deployments == (id,)
        assert (await engine.deployment(id).get()).request.trigger == "webhook"

        await engine.rotate_webhook_secret(application, application.version)
        assert await engine.webhook_secret(application) != secret
        with pytest.raises(errors.Unauthenticated):
            await engine.receive_webhook("github", headers(secret), PUSH)
        with pytest.raises(errors.InvalidSpec, match="provider"):
            await engine.receive_webhook("gopher", {}, b"")


async def test_a_monitor_reads_what_the_engine_did(tmp_path: Path) -> None:
    async with await FakeWorld(tmp_path, waits=False).open(concurrency=0) as engine:
        assert "# TYPE dokploy_" in await engine.metrics_text()
