"""The real parts that `tests/environment/up` provides."""

from __future__ import annotations

import os

import pytest

VARIABLES = {
    "docker": ["DOKPLOY_TEST_DOCKER_HOST", "DOKPLOY_TEST_BASE_IMAGE"],
    "registry": ["DOKPLOY_TEST_REGISTRY"],
}


def real(*parts: str) -> dict[str, str]:
    """The variables of the environment, or a skipped test that says so; a failed one where they are required."""
    wanted = [name for part in parts for name in VARIABLES[part]]
    if all(name in os.environ for name in wanted):
        return dict(os.environ)
    required = os.environ.get("DOKPLOY_TEST_REQUIRE", "").split(",")
    if set(parts) & set(required):
        pytest.fail("the test environment is required and not there: run tests/environment/up")
    pytest.skip("skipped: there is no test environment; run tests/environment/up")
