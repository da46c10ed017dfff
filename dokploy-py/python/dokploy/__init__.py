"""The dokploy engine in process: from a git commit to a healthy, replaceable service on Docker Swarm.

    async with dokploy.Engine.open(data_dir="dokploy-data") as engine:
        deployment = await engine.deploy(application)
        async for event in deployment.events():
            print(event)

`dokploy.sync` has the same without asyncio. `dokploy.events`, `dokploy.outputs`, `dokploy.sources` and
`dokploy.credentials` have the classes of those, `dokploy.errors` the exceptions, and `dokploy.names` the texts of which
there are only a few.
"""

from __future__ import annotations

import atexit
import os

from . import credentials, errors, events, names, outputs, sources, sync
from ._aio import DeploymentHandle, Engine, NewDatabase
from ._dokploy import __version__, after_fork, leave
from ._parts import EventSink, SourceFetcher
from ._shape import UNCHANGED, Page, Secret, Shape
from ._streams import AsyncStream, Stream
from .credentials import Credential
from .errors import Error
from .events import Event, Failure, TaskView
from .records import (
    Application,
    Change,
    Database,
    DatabaseConnection,
    Deployment,
    DeploymentRequest,
    DeploymentState,
    LogLine,
    Plan,
    Project,
    QueueStats,
    Release,
    RuntimeInfo,
    ServiceLogLine,
    ServiceStats,
    StepRecord,
    TaskStats,
    Violation,
    WebhookAnswer,
)
from .sources import Revision, SourceRequest
from .specification import (
    ApplicationSpec,
    Deadlines,
    Domain,
    EnvVar,
    GitSource,
    HealthCheck,
    Port,
    RestartPolicy,
    SealedSecret,
    Tmpfs,
    UpdatePolicy,
    Volume,
)

# What runs is handed back before the interpreter ends, and no thread of the engine comes back to it then.
atexit.register(leave)
# Threads are not copied by a fork: the child gets none of its parent's engines.
os.register_at_fork(after_in_child=after_fork)

__all__ = [
    "UNCHANGED",
    "Application",
    "ApplicationSpec",
    "AsyncStream",
    "Change",
    "Credential",
    "Database",
    "DatabaseConnection",
    "Deadlines",
    "Deployment",
    "DeploymentHandle",
    "DeploymentRequest",
    "DeploymentState",
    "Domain",
    "Engine",
    "EnvVar",
    "Error",
    "Event",
    "EventSink",
    "Failure",
    "GitSource",
    "HealthCheck",
    "LogLine",
    "NewDatabase",
    "Page",
    "Plan",
    "Port",
    "Project",
    "QueueStats",
    "Release",
    "RestartPolicy",
    "Revision",
    "RuntimeInfo",
    "SealedSecret",
    "Secret",
    "ServiceLogLine",
    "ServiceStats",
    "Shape",
    "SourceFetcher",
    "SourceRequest",
    "StepRecord",
    "Stream",
    "TaskStats",
    "TaskView",
    "Tmpfs",
    "UpdatePolicy",
    "Violation",
    "Volume",
    "WebhookAnswer",
    "__version__",
    "credentials",
    "errors",
    "events",
    "names",
    "outputs",
    "sources",
    "sync",
]
