"""A step of a CI pipeline: deploys what is in a directory, and fails with a code that says why.

    python ci_step.py DIRECTORY [NAME]

Exit codes: 0 deployed, 1 the deployment failed, 2 wrong input, 3 try again later.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import dokploy
from dokploy import errors, sync

PROJECT = os.environ.get("PROJECT", "ci")

DEPLOYED, FAILED, WRONG, LATER = range(4)


def main(directory: Path, name: str) -> int:
    try:
        with sync.Engine.open(
            data_dir="dokploy-data",
            docker_host=os.environ.get("DOCKER_HOST"),
            initialise_swarm=True,
            local_sources=True,
        ) as engine:
            return deploy(engine, directory, name)
    except errors.InvalidSpec as error:
        for violation in error.violations:
            print(f"::error::{violation.field}: {violation.message}", file=sys.stderr)
        return WRONG
    except dokploy.Error as error:
        print(f"::error::{error}" + (f" ({error.hint})" if error.hint else ""), file=sys.stderr)
        return LATER if error.retryable else FAILED


def deploy(engine: sync.Engine, directory: Path, name: str) -> int:
    project = engine.find_project_by_name(PROJECT) or engine.create_project(PROJECT)
    spec = dokploy.ApplicationSpec(
        name, directory=str(directory.resolve()), update=dokploy.UpdatePolicy(monitor=5, healthy_deadline=60)
    )
    application = engine.find_application_by_name(project, name) or engine.create_application(project, spec)
    # The same build never deploys twice, however often the step is run again.
    build = os.environ.get("CI_BUILD_ID")
    deployment = engine.deploy(application, title=build, idempotency_key=build, trigger="cli")
    for line in deployment.logs():
        print(f"[{line.step}] {line.text}")
    state = deployment.get().state
    print(f"{state.status}: {state.message}")
    if state.failure is None:
        return DEPLOYED
    print(f"::error::{state.failure.message}", file=sys.stderr)
    for evidence in state.failure.evidence:
        print(f"  {evidence}", file=sys.stderr)
    return FAILED


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "web"))
