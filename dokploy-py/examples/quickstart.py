"""Runs an image as a service, changes it, and goes back.

    python quickstart.py [IMAGE]

Needs Docker and nothing else. The second deployment changes a variable; the rollback brings the first release back as
it was.
"""

from __future__ import annotations

import asyncio
import os
import sys

import dokploy

IMAGE = sys.argv[1] if len(sys.argv) > 1 else "nginx:alpine"
PROJECT = os.environ.get("PROJECT", "quickstart")


async def main() -> None:
    async with dokploy.Engine.open(
        data_dir="dokploy-data", docker_host=os.environ.get("DOCKER_HOST"), initialise_swarm=True
    ) as engine:
        application = await find_or_create(engine)
        first = await (await engine.deploy(application)).wait()
        print(f"deployed: {first.state.status} ({first.state.message})")

        greeting = dokploy.EnvVar("GREETING", "hello")
        spec = application.spec.replace(env_vars=[greeting])
        application = await engine.update_application(application, application.version, spec)
        second = await (await engine.deploy(application)).wait()
        print(f"changed: {second.state.status}")

        back = await (await engine.roll_back(application)).wait()
        print(f"rolled back: {back.state.status}")
        serving = await engine.find_application(application)
        assert serving is not None
        print(f"{serving.service_name} serves release {serving.current_release_id}")


async def find_or_create(engine: dokploy.Engine) -> dokploy.Application:
    project = await engine.find_project_by_name(PROJECT) or await engine.create_project(PROJECT)
    found = await engine.find_application_by_name(project, "web")
    # Watched for five seconds instead of thirty: this is only a try.
    update = dokploy.UpdatePolicy(monitor=5)
    spec = dokploy.ApplicationSpec("web", image=IMAGE, update=update)
    return found or await engine.create_application(project, spec)


if __name__ == "__main__":
    asyncio.run(main())
