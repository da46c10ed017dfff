"""Deploys a branch of a git repository, and shows how it goes.

    pip install rich
    python deploy_from_git.py URL [BRANCH]

The repository has a Dockerfile. `file://` and addresses within a private network work, too.
"""

from __future__ import annotations

import asyncio
import os
import sys

import dokploy
from dokploy import events
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

PROJECT = os.environ.get("PROJECT", "git")

console = Console()


async def main(url: str, branch: str) -> int:
    name = url.rstrip("/").rsplit("/", 1)[-1].removesuffix(".git").lower()
    async with dokploy.Engine.open(
        data_dir="dokploy-data",
        docker_host=os.environ.get("DOCKER_HOST"),
        initialise_swarm=True,
        allow_private=True,
        local_sources=True,
    ) as engine:
        project = await engine.find_project_by_name(PROJECT) or await engine.create_project(PROJECT)
        spec = dokploy.ApplicationSpec(
            name,
            git_source=dokploy.GitSource(url),
            update=dokploy.UpdatePolicy(monitor=5),
        )
        found = await engine.find_application_by_name(project, name)
        application = found or await engine.create_application(project, spec)
        deployment = await engine.deploy(application, branch=branch)
        # Both streams are read at once; either can be left at any time.
        await asyncio.gather(show_log(deployment), show_progress(deployment))
        outcome = await deployment.get()
    failure = outcome.state.failure
    if failure is not None:
        console.print(f"[red]{failure.message}[/red]")
        if failure.hint:
            console.print(f"[dim]{failure.hint}[/dim]")
    return 0 if outcome.state.status == "success" else 1


async def show_progress(deployment: dokploy.DeploymentHandle) -> None:
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("waiting", total=100)
        async for event in deployment.events():
            match event:
                case events.StepStarted(step=step):
                    progress.update(bar, description=step.replace("_", " "))
                case events.StepProgressed(message=message):
                    progress.update(bar, description=message)
                case events.Succeeded() | events.Failed() | events.RolledBack() | events.Cancelled():
                    progress.update(bar, description=event.type)
                case _:
                    pass
            progress.update(bar, completed=(await deployment.get()).state.progress)


async def show_log(deployment: dokploy.DeploymentHandle) -> None:
    async for line in deployment.logs():
        console.print(f"[dim]{line.step}[/dim] {line.text}", markup=True, highlight=False)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "main")))
