"""What is stored, and what the engine says about what runs."""

# Made by dokploy-py/codegen of tests/parity/*.json; changes here are lost.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from ._shape import Secret, Shape, fill, make, maybe, read_time
from .events import Failure
from .names import (
    ApplicationId,
    DatabaseEngine,
    DatabaseId,
    DeploymentId,
    DeploymentKind,
    DeploymentTrigger,
    LogStream,
    PlanAction,
    ProjectId,
    Reason,
    ReleaseId,
    Status,
    Step,
    StepStatus,
    SupersedePolicy,
    TeamId,
    UpdateOrder,
    UserId,
)
from .outputs import StepOutput
from .sources import Revision
from .specification import ApplicationSpec


class PushRef(Shape):
    """What a deployment remembers of the push that started it."""

    reference: str
    """Full name of the reference, or the tag of an image."""
    before: str | None
    """Commit before."""
    after: str | None
    """Commit after, or the digest of an image."""
    pushed_at: datetime | None
    """When the provider took it."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "reference": "reference",
        "before": "before",
        "after": "after",
        "pushed_at": "pushedAt",
    }

    def __init__(self, reference: str, before: str | None, after: str | None, pushed_at: datetime | None) -> None:
        fill(self, {"reference": reference, "before": before, "after": after, "pushed_at": pushed_at})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PushRef:
        return make(
            PushRef,
            {
                "reference": data["reference"],
                "before": data.get("before"),
                "after": data.get("after"),
                "pushed_at": maybe(read_time, data.get("pushedAt")),
            },
        )


class Project(Shape):
    """A group of applications. The queue is fair over projects."""

    id: ProjectId
    """Identifier."""
    version: int
    """Grows by one with each change; expected by writes that can race."""
    name: str
    """Unique among the projects that are not deleted."""
    description: str
    """Free text."""
    owner_id: UserId | None
    """Whose it is; absent where an embedder without users made it."""
    team_id: TeamId | None
    """The team whose members see it, too."""
    created_at: datetime
    """When it was made."""
    updated_at: datetime
    """When it was last changed."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "id": "id",
        "version": "version",
        "name": "name",
        "description": "description",
        "owner_id": "ownerId",
        "team_id": "teamId",
        "created_at": "createdAt",
        "updated_at": "updatedAt",
    }

    def __init__(
        self,
        id: ProjectId,
        version: int,
        name: str,
        description: str,
        owner_id: UserId | None,
        team_id: TeamId | None,
        created_at: datetime,
        updated_at: datetime,
    ) -> None:
        fill(
            self,
            {
                "id": id,
                "version": version,
                "name": name,
                "description": description,
                "owner_id": owner_id,
                "team_id": team_id,
                "created_at": created_at,
                "updated_at": updated_at,
            },
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Project:
        return make(
            Project,
            {
                "id": data["id"],
                "version": data["version"],
                "name": data["name"],
                "description": data["description"],
                "owner_id": data.get("ownerId"),
                "team_id": data.get("teamId"),
                "created_at": read_time(data["createdAt"]),
                "updated_at": read_time(data["updatedAt"]),
            },
        )


class Application(Shape):
    """An application as it is stored."""

    id: ApplicationId
    """Identifier."""
    version: int
    """Grows by one with each change; expected by writes that can race."""
    project_id: ProjectId
    """The project that it belongs to."""
    service_name: str
    """Name of its Swarm service: derived from its name once and then kept, at most 63 characters."""
    spec: ApplicationSpec
    """What a person says about it."""
    stopped: bool
    """Whether it is meant to run; a stopped one keeps its service with no tasks."""
    current_release_id: ReleaseId | None
    """The release that serves; absent before the first success."""
    database_id: DatabaseId | None
    """The database that it runs. Such an application is not listed among the others."""
    created_at: datetime
    """When it was made."""
    updated_at: datetime
    """When it was last changed."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "id": "id",
        "version": "version",
        "project_id": "projectId",
        "service_name": "serviceName",
        "spec": "spec",
        "stopped": "stopped",
        "current_release_id": "currentReleaseId",
        "database_id": "databaseId",
        "created_at": "createdAt",
        "updated_at": "updatedAt",
    }

    def __init__(
        self,
        id: ApplicationId,
        version: int,
        project_id: ProjectId,
        service_name: str,
        spec: ApplicationSpec,
        stopped: bool,
        current_release_id: ReleaseId | None,
        database_id: DatabaseId | None,
        created_at: datetime,
        updated_at: datetime,
    ) -> None:
        fill(
            self,
            {
                "id": id,
                "version": version,
                "project_id": project_id,
                "service_name": service_name,
                "spec": spec,
                "stopped": stopped,
                "current_release_id": current_release_id,
                "database_id": database_id,
                "created_at": created_at,
                "updated_at": updated_at,
            },
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Application:
        return make(
            Application,
            {
                "id": data["id"],
                "version": data["version"],
                "project_id": data["projectId"],
                "service_name": data["serviceName"],
                "spec": ApplicationSpec.from_dict(data["spec"]),
                "stopped": data["stopped"],
                "current_release_id": data.get("currentReleaseId"),
                "database_id": data.get("databaseId"),
                "created_at": read_time(data["createdAt"]),
                "updated_at": read_time(data["updatedAt"]),
            },
        )


class StepRecord(Shape):
    """One step of a deployment."""

    status: StepStatus
    """Where it stands."""
    started_at: datetime
    """When it began, the first time."""
    finished_at: datetime | None
    """When it ended."""
    output: StepOutput | None
    """What it found or made."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "status": "status",
        "started_at": "startedAt",
        "finished_at": "finishedAt",
        "output": "output",
    }

    def __init__(
        self, status: StepStatus, started_at: datetime, finished_at: datetime | None, output: StepOutput | None
    ) -> None:
        fill(self, {"status": status, "started_at": started_at, "finished_at": finished_at, "output": output})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> StepRecord:
        return make(
            StepRecord,
            {
                "status": data["status"],
                "started_at": read_time(data["startedAt"]),
                "finished_at": maybe(read_time, data.get("finishedAt")),
                "output": maybe(StepOutput.from_dict, data.get("output")),
            },
        )


class DeploymentState(Shape):
    """Where a deployment stands: a function of its events and of nothing else."""

    seq: int
    """Number of the last event."""
    status: Status
    """Status."""
    reason: Reason
    """Why, for programs."""
    message: str
    """Why, for people."""
    progress: int
    """0 to 100; never falls."""
    failure: Failure | None
    """What failed."""
    attempt: int
    """How many workers have tried."""
    epoch: int
    """Epoch of the last worker."""
    cancel_requested: bool
    """Whether somebody asked to cancel it."""
    steps: Mapping[Step, StepRecord]
    """The steps that were begun."""
    release_id: ReleaseId | None
    """The release that was made."""
    superseded_by: DeploymentId | None
    """The deployment that replaced it."""
    degraded: bool
    """Whether the watch after the deployment has reported too few healthy replicas."""
    drifted: bool
    """Whether the watch has reported an outside change."""
    started_at: datetime | None
    """When a worker first took it."""
    finished_at: datetime | None
    """When it became terminal."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "seq": "seq",
        "status": "status",
        "reason": "reason",
        "message": "message",
        "progress": "progress",
        "failure": "failure",
        "attempt": "attempt",
        "epoch": "epoch",
        "cancel_requested": "cancelRequested",
        "steps": "steps",
        "release_id": "releaseId",
        "superseded_by": "supersededBy",
        "degraded": "degraded",
        "drifted": "drifted",
        "started_at": "startedAt",
        "finished_at": "finishedAt",
    }

    def __init__(
        self,
        seq: int,
        status: Status,
        reason: Reason,
        message: str,
        progress: int,
        failure: Failure | None,
        attempt: int,
        epoch: int,
        cancel_requested: bool,
        steps: Mapping[Step, StepRecord],
        release_id: ReleaseId | None,
        superseded_by: DeploymentId | None,
        degraded: bool,
        drifted: bool,
        started_at: datetime | None,
        finished_at: datetime | None,
    ) -> None:
        fill(
            self,
            {
                "seq": seq,
                "status": status,
                "reason": reason,
                "message": message,
                "progress": progress,
                "failure": failure,
                "attempt": attempt,
                "epoch": epoch,
                "cancel_requested": cancel_requested,
                "steps": dict(steps),
                "release_id": release_id,
                "superseded_by": superseded_by,
                "degraded": degraded,
                "drifted": drifted,
                "started_at": started_at,
                "finished_at": finished_at,
            },
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> DeploymentState:
        return make(
            DeploymentState,
            {
                "seq": data["seq"],
                "status": data["status"],
                "reason": data["reason"],
                "message": data["message"],
                "progress": data["progress"],
                "failure": maybe(Failure.from_dict, data.get("failure")),
                "attempt": data["attempt"],
                "epoch": data["epoch"],
                "cancel_requested": data["cancelRequested"],
                "steps": {key: StepRecord.from_dict(item) for key, item in data.get("steps", {}).items()},
                "release_id": data.get("releaseId"),
                "superseded_by": data.get("supersededBy"),
                "degraded": data["degraded"],
                "drifted": data["drifted"],
                "started_at": maybe(read_time, data.get("startedAt")),
                "finished_at": maybe(read_time, data.get("finishedAt")),
            },
        )


class DeploymentRequest(Shape):
    """What a caller asks for when he deploys."""

    branch: str | None
    """Branch or full reference instead of the application's."""
    commit_sha: str | None
    """Exact commit, 40 hexadecimal digits, instead of the head of the branch."""
    title: str | None
    """A line for people."""
    force: bool
    """Builds and restarts even when neither commit nor configuration changed."""
    trigger: DeploymentTrigger
    """What started it."""
    actor: str | None
    """Who asked."""
    push: PushRef | None
    """The push that started it."""
    supersede: SupersedePolicy
    """What happens to deployments of the same application that still wait."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "branch": "branch",
        "commit_sha": "commitSha",
        "title": "title",
        "force": "force",
        "trigger": "trigger",
        "actor": "actor",
        "push": "push",
        "supersede": "supersede",
    }
    _DEFAULTS: ClassVar[Mapping[str, Any]] = {"force": False, "trigger": "api", "supersede": "queued"}

    def __init__(
        self,
        *,
        branch: str | None = None,
        commit_sha: str | None = None,
        title: str | None = None,
        force: bool = False,
        trigger: DeploymentTrigger = "api",
        actor: str | None = None,
        push: PushRef | None = None,
        supersede: SupersedePolicy = "queued",
    ) -> None:
        fill(
            self,
            {
                "branch": branch,
                "commit_sha": commit_sha,
                "title": title,
                "force": force,
                "trigger": trigger,
                "actor": actor,
                "push": push,
                "supersede": supersede,
            },
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> DeploymentRequest:
        return make(
            DeploymentRequest,
            {
                "branch": data.get("branch"),
                "commit_sha": data.get("commitSha"),
                "title": data.get("title"),
                "force": data["force"],
                "trigger": data["trigger"],
                "actor": data.get("actor"),
                "push": maybe(PushRef.from_dict, data.get("push")),
                "supersede": data["supersede"],
            },
        )


class Deployment(Shape):
    """One attempt to make a release current. Everything that it needs was written down when it was accepted."""

    id: DeploymentId
    """Identifier; later deployments have greater ones."""
    application_id: ApplicationId
    """Its application."""
    project_id: ProjectId
    """Its application's project."""
    service_name: str
    """Name of the Swarm service."""
    kind: DeploymentKind
    """Forwards or back."""
    request: DeploymentRequest
    """What was asked."""
    spec: ApplicationSpec
    """The application as it was when the deployment was accepted, secrets sealed."""
    target_release_id: ReleaseId | None
    """Which release a rollback goes back to."""
    state: DeploymentState
    """Where it stands: the projection of its events."""
    created_at: datetime
    """When it was accepted."""
    updated_at: datetime
    """When its last event was written."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "id": "id",
        "application_id": "applicationId",
        "project_id": "projectId",
        "service_name": "serviceName",
        "kind": "kind",
        "request": "request",
        "spec": "spec",
        "target_release_id": "targetReleaseId",
        "state": "state",
        "created_at": "createdAt",
        "updated_at": "updatedAt",
    }

    def __init__(
        self,
        id: DeploymentId,
        application_id: ApplicationId,
        project_id: ProjectId,
        service_name: str,
        kind: DeploymentKind,
        request: DeploymentRequest,
        spec: ApplicationSpec,
        target_release_id: ReleaseId | None,
        state: DeploymentState,
        created_at: datetime,
        updated_at: datetime,
    ) -> None:
        fill(
            self,
            {
                "id": id,
                "application_id": application_id,
                "project_id": project_id,
                "service_name": service_name,
                "kind": kind,
                "request": request,
                "spec": spec,
                "target_release_id": target_release_id,
                "state": state,
                "created_at": created_at,
                "updated_at": updated_at,
            },
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Deployment:
        return make(
            Deployment,
            {
                "id": data["id"],
                "application_id": data["applicationId"],
                "project_id": data["projectId"],
                "service_name": data["serviceName"],
                "kind": data["kind"],
                "request": DeploymentRequest.from_dict(data["request"]),
                "spec": ApplicationSpec.from_dict(data["spec"]),
                "target_release_id": data.get("targetReleaseId"),
                "state": DeploymentState.from_dict(data["state"]),
                "created_at": read_time(data["createdAt"]),
                "updated_at": read_time(data["updatedAt"]),
            },
        )


class Release(Shape):
    """Image, configuration and resolved environment (secrets sealed) of one deployment. Never changes but for
    `stable_at` and `retired_at`.
    """

    id: ReleaseId
    """Identifier."""
    application_id: ApplicationId
    """Its application."""
    deployment_id: DeploymentId
    """The deployment that made it. One deployment makes at most one release."""
    image: str
    """Human-readable image name, as in `app:1a2b3c4`."""
    image_reference: str
    """What is really run: `name@sha256:…` where a registry holds it, or the image id `sha256:…`."""
    build_fingerprint: str | None
    """Digest of the inputs of the build; an equal one needs no build."""
    revision: Revision | None
    """The commit or tree that it was built from; absent for an existing image."""
    spec: ApplicationSpec
    """The application as it was, secrets sealed."""
    created_at: datetime
    """When it was made."""
    stable_at: datetime | None
    """When it had proved itself healthy; absent: never."""
    retired_at: datetime | None
    """When it left the last ten and lost its protection from clean-up."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "id": "id",
        "application_id": "applicationId",
        "deployment_id": "deploymentId",
        "image": "image",
        "image_reference": "imageReference",
        "build_fingerprint": "buildFingerprint",
        "revision": "revision",
        "spec": "spec",
        "created_at": "createdAt",
        "stable_at": "stableAt",
        "retired_at": "retiredAt",
    }

    def __init__(
        self,
        id: ReleaseId,
        application_id: ApplicationId,
        deployment_id: DeploymentId,
        image: str,
        image_reference: str,
        build_fingerprint: str | None,
        revision: Revision | None,
        spec: ApplicationSpec,
        created_at: datetime,
        stable_at: datetime | None,
        retired_at: datetime | None,
    ) -> None:
        fill(
            self,
            {
                "id": id,
                "application_id": application_id,
                "deployment_id": deployment_id,
                "image": image,
                "image_reference": image_reference,
                "build_fingerprint": build_fingerprint,
                "revision": revision,
                "spec": spec,
                "created_at": created_at,
                "stable_at": stable_at,
                "retired_at": retired_at,
            },
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Release:
        return make(
            Release,
            {
                "id": data["id"],
                "application_id": data["applicationId"],
                "deployment_id": data["deploymentId"],
                "image": data["image"],
                "image_reference": data["imageReference"],
                "build_fingerprint": data.get("buildFingerprint"),
                "revision": maybe(Revision.from_dict, data.get("revision")),
                "spec": ApplicationSpec.from_dict(data["spec"]),
                "created_at": read_time(data["createdAt"]),
                "stable_at": maybe(read_time, data.get("stableAt")),
                "retired_at": maybe(read_time, data.get("retiredAt")),
            },
        )


class Database(Shape):
    """A database as it is stored. An application of its own runs it, with everything that the engine promises of
    one.
    """

    id: DatabaseId
    """Identifier."""
    version: int
    """Grows by one with each change; expected by writes that can race."""
    project_id: ProjectId
    """The project that it belongs to."""
    name: str
    """Name of the database and of its application, unique within the project."""
    engine: DatabaseEngine
    """Which database."""
    image: str
    """The image that it runs."""
    application_id: ApplicationId
    """The application that runs it."""
    created_at: datetime
    """When it was made."""
    updated_at: datetime
    """When it was last changed."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "id": "id",
        "version": "version",
        "project_id": "projectId",
        "name": "name",
        "engine": "engine",
        "image": "image",
        "application_id": "applicationId",
        "created_at": "createdAt",
        "updated_at": "updatedAt",
    }

    def __init__(
        self,
        id: DatabaseId,
        version: int,
        project_id: ProjectId,
        name: str,
        engine: DatabaseEngine,
        image: str,
        application_id: ApplicationId,
        created_at: datetime,
        updated_at: datetime,
    ) -> None:
        fill(
            self,
            {
                "id": id,
                "version": version,
                "project_id": project_id,
                "name": name,
                "engine": engine,
                "image": image,
                "application_id": application_id,
                "created_at": created_at,
                "updated_at": updated_at,
            },
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Database:
        return make(
            Database,
            {
                "id": data["id"],
                "version": data["version"],
                "project_id": data["projectId"],
                "name": data["name"],
                "engine": data["engine"],
                "image": data["image"],
                "application_id": data["applicationId"],
                "created_at": read_time(data["createdAt"]),
                "updated_at": read_time(data["updatedAt"]),
            },
        )


class DatabaseConnection(Shape):
    """How to connect to a database from within the swarm."""

    url: Secret
    """All of it in one text, as drivers take it."""
    host: str
    """Host name in the common network."""
    port: int
    """Port."""
    username: str
    """User."""
    password: Secret
    """Password."""
    database: str
    """Name of the database within the server."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "url": "url",
        "host": "host",
        "port": "port",
        "username": "username",
        "password": "password",
        "database": "database",
    }
    _SECRETS: ClassVar[frozenset[str]] = frozenset(["url", "password"])

    def __init__(
        self, url: Secret | str, host: str, port: int, username: str, password: Secret | str, database: str
    ) -> None:
        fill(
            self,
            {
                "url": url if isinstance(url, Secret) else Secret(url),
                "host": host,
                "port": port,
                "username": username,
                "password": password if isinstance(password, Secret) else Secret(password),
                "database": database,
            },
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> DatabaseConnection:
        return make(
            DatabaseConnection,
            {
                "url": Secret(data["url"]),
                "host": data["host"],
                "port": data["port"],
                "username": data["username"],
                "password": Secret(data["password"]),
                "database": data["database"],
            },
        )


class WebhookAnswer(Shape):
    """What became of a delivery."""

    deployments: tuple[DeploymentId, ...]
    """The deployments that it started; those that it started before when it was sent again."""
    ignored: str | None
    """Why it started none."""

    _WIRE: ClassVar[Mapping[str, str]] = {"deployments": "deployments", "ignored": "ignored"}

    def __init__(self, deployments: Sequence[DeploymentId], ignored: str | None) -> None:
        fill(self, {"deployments": tuple(deployments), "ignored": ignored})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> WebhookAnswer:
        return make(WebhookAnswer, {"deployments": tuple(data.get("deployments", ())), "ignored": data.get("ignored")})


class Change(Shape):
    """One thing that changes. Values of secrets are shown as `(secret)`."""

    field: str
    """What, in the wire's names: `envVars.PORT`."""
    from_: str | None
    """Before; absent: there was nothing."""
    to: str | None
    """After; absent: it is taken away."""
    restarts: bool
    """Whether it makes tasks restart."""

    _WIRE: ClassVar[Mapping[str, str]] = {"field": "field", "from_": "from", "to": "to", "restarts": "restarts"}

    def __init__(self, field: str, from_: str | None, to: str | None, restarts: bool) -> None:
        fill(self, {"field": field, "from_": from_, "to": to, "restarts": restarts})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Change:
        return make(
            Change,
            {"field": data["field"], "from_": data.get("from"), "to": data.get("to"), "restarts": data["restarts"]},
        )


class Plan(Shape):
    """What a deployment would do, made without changing anything. Holds names of secrets, never values."""

    digest: str
    """Digest of everything that the plan rests on. Deploying with it fails with `conflict` when that has changed."""
    action: PlanAction
    """What happens to the service."""
    revision: str | None
    """Commit or tree that would be deployed."""
    image: str
    """Image that would run."""
    build: str | None
    """Whether it would be built, and with which builder; absent: it is there already."""
    changes: tuple[Change, ...]
    """What changes in the service."""
    restarts: int
    """How many tasks restart."""
    order: UpdateOrder
    """Which goes first."""
    order_reason: str
    """Why that order."""
    downtime: float
    """How long the application is expected not to answer."""
    irreversible: tuple[str, ...]
    """What cannot be undone: a release command, for example."""
    warnings: tuple[str, ...]
    """What the reader should know."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "digest": "digest",
        "action": "action",
        "revision": "revision",
        "image": "image",
        "build": "build",
        "changes": "changes",
        "restarts": "restarts",
        "order": "order",
        "order_reason": "orderReason",
        "downtime": "downtime",
        "irreversible": "irreversible",
        "warnings": "warnings",
    }

    def __init__(
        self,
        digest: str,
        action: PlanAction,
        revision: str | None,
        image: str,
        build: str | None,
        changes: Sequence[Change],
        restarts: int,
        order: UpdateOrder,
        order_reason: str,
        downtime: float,
        irreversible: Sequence[str],
        warnings: Sequence[str],
    ) -> None:
        fill(
            self,
            {
                "digest": digest,
                "action": action,
                "revision": revision,
                "image": image,
                "build": build,
                "changes": tuple(changes),
                "restarts": restarts,
                "order": order,
                "order_reason": order_reason,
                "downtime": downtime,
                "irreversible": tuple(irreversible),
                "warnings": tuple(warnings),
            },
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Plan:
        return make(
            Plan,
            {
                "digest": data["digest"],
                "action": data["action"],
                "revision": data.get("revision"),
                "image": data["image"],
                "build": data.get("build"),
                "changes": tuple(map(Change.from_dict, data.get("changes", ()))),
                "restarts": data["restarts"],
                "order": data["order"],
                "order_reason": data["orderReason"],
                "downtime": data["downtime"],
                "irreversible": tuple(data.get("irreversible", ())),
                "warnings": tuple(data.get("warnings", ())),
            },
        )


class LogLine(Shape):
    """One line of a deployment's own log, masked."""

    seq: int
    """Number of the line, from 1, without gaps."""
    at: datetime
    """When it was written."""
    step: Step
    """During which step."""
    stream: LogStream
    """Which output."""
    text: str
    """The line."""

    _WIRE: ClassVar[Mapping[str, str]] = {"seq": "seq", "at": "at", "step": "step", "stream": "stream", "text": "text"}

    def __init__(self, seq: int, at: datetime, step: Step, stream: LogStream, text: str) -> None:
        fill(self, {"seq": seq, "at": at, "step": step, "stream": stream, "text": text})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LogLine:
        return make(
            LogLine,
            {
                "seq": data["seq"],
                "at": read_time(data["at"]),
                "step": data["step"],
                "stream": data["stream"],
                "text": data["text"],
            },
        )


class QueueStats(Shape):
    """What waits and what runs."""

    waiting: int
    """Deployments that wait."""
    active: int
    """Deployments that a worker has."""
    oldest_wait: float
    """How long the oldest of the waiting ones has waited."""

    _WIRE: ClassVar[Mapping[str, str]] = {"waiting": "waiting", "active": "active", "oldest_wait": "oldestWait"}

    def __init__(self, waiting: int, active: int, oldest_wait: float) -> None:
        fill(self, {"waiting": waiting, "active": active, "oldest_wait": oldest_wait})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> QueueStats:
        return make(
            QueueStats, {"waiting": data["waiting"], "active": data["active"], "oldest_wait": data["oldestWait"]}
        )


class RuntimeInfo(Shape):
    """What the engine is and can do."""

    version: str
    """Version of the engine."""
    api_version: str
    """Version of its API that is spoken."""
    swarm_manager: bool
    """Whether it is in a swarm, as a manager."""
    nodes: int
    """Nodes of the swarm that can run tasks."""
    build_kit: bool
    """Whether builds go through `BuildKit`."""
    disk_free: int | None
    """Bytes free where images are kept, where the engine says so."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "version": "version",
        "api_version": "apiVersion",
        "swarm_manager": "swarmManager",
        "nodes": "nodes",
        "build_kit": "buildKit",
        "disk_free": "diskFree",
    }

    def __init__(
        self, version: str, api_version: str, swarm_manager: bool, nodes: int, build_kit: bool, disk_free: int | None
    ) -> None:
        fill(
            self,
            {
                "version": version,
                "api_version": api_version,
                "swarm_manager": swarm_manager,
                "nodes": nodes,
                "build_kit": build_kit,
                "disk_free": disk_free,
            },
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RuntimeInfo:
        return make(
            RuntimeInfo,
            {
                "version": data["version"],
                "api_version": data["apiVersion"],
                "swarm_manager": data["swarmManager"],
                "nodes": data["nodes"],
                "build_kit": data["buildKit"],
                "disk_free": data.get("diskFree"),
            },
        )


class TaskStats(Shape):
    """Use of resources of one task."""

    task: str
    """Identifier of the task."""
    cpu: float
    """Cores in use: 1.0 is one core."""
    memory: int
    """Bytes in use, page cache excluded."""
    memory_limit: int
    """Limit in bytes; the machine's memory where there is none."""
    network_received: int
    """Bytes received since the task started."""
    network_sent: int
    """Bytes sent since the task started."""
    receive_rate: float
    """Bytes received in a second, just now."""
    send_rate: float
    """Bytes sent in a second, just now."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "task": "task",
        "cpu": "cpu",
        "memory": "memory",
        "memory_limit": "memoryLimit",
        "network_received": "networkReceived",
        "network_sent": "networkSent",
        "receive_rate": "receiveRate",
        "send_rate": "sendRate",
    }

    def __init__(
        self,
        task: str,
        cpu: float,
        memory: int,
        memory_limit: int,
        network_received: int,
        network_sent: int,
        receive_rate: float,
        send_rate: float,
    ) -> None:
        fill(
            self,
            {
                "task": task,
                "cpu": cpu,
                "memory": memory,
                "memory_limit": memory_limit,
                "network_received": network_received,
                "network_sent": network_sent,
                "receive_rate": receive_rate,
                "send_rate": send_rate,
            },
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TaskStats:
        return make(
            TaskStats,
            {
                "task": data["task"],
                "cpu": data["cpu"],
                "memory": data["memory"],
                "memory_limit": data["memoryLimit"],
                "network_received": data["networkReceived"],
                "network_sent": data["networkSent"],
                "receive_rate": data["receiveRate"],
                "send_rate": data["sendRate"],
            },
        )


class ServiceStats(Shape):
    """Use of resources of a service."""

    cpu: float
    """Sum of `cpu` over the tasks."""
    memory: int
    """Sum of `memory` over the tasks."""
    network_received: int
    """Sum of `network_received` over the tasks."""
    network_sent: int
    """Sum of `network_sent` over the tasks."""
    receive_rate: float
    """Sum of `receive_rate` over the tasks."""
    send_rate: float
    """Sum of `send_rate` over the tasks."""
    tasks: tuple[TaskStats, ...]
    """Each task that runs on this engine."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "cpu": "cpu",
        "memory": "memory",
        "network_received": "networkReceived",
        "network_sent": "networkSent",
        "receive_rate": "receiveRate",
        "send_rate": "sendRate",
        "tasks": "tasks",
    }

    def __init__(
        self,
        cpu: float,
        memory: int,
        network_received: int,
        network_sent: int,
        receive_rate: float,
        send_rate: float,
        tasks: Sequence[TaskStats],
    ) -> None:
        fill(
            self,
            {
                "cpu": cpu,
                "memory": memory,
                "network_received": network_received,
                "network_sent": network_sent,
                "receive_rate": receive_rate,
                "send_rate": send_rate,
                "tasks": tuple(tasks),
            },
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ServiceStats:
        return make(
            ServiceStats,
            {
                "cpu": data["cpu"],
                "memory": data["memory"],
                "network_received": data["networkReceived"],
                "network_sent": data["networkSent"],
                "receive_rate": data["receiveRate"],
                "send_rate": data["sendRate"],
                "tasks": tuple(map(TaskStats.from_dict, data.get("tasks", ()))),
            },
        )


class ServiceLogLine(Shape):
    """One line of a running service."""

    at: datetime | None
    """When it was written, where the engine knows."""
    task: str | None
    """Identifier of the task."""
    stream: LogStream
    """Which output."""
    text: str
    """The line, without its end."""

    _WIRE: ClassVar[Mapping[str, str]] = {"at": "at", "task": "task", "stream": "stream", "text": "text"}

    def __init__(self, at: datetime | None, task: str | None, stream: LogStream, text: str) -> None:
        fill(self, {"at": at, "task": task, "stream": stream, "text": text})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ServiceLogLine:
        return make(
            ServiceLogLine,
            {
                "at": maybe(read_time, data.get("at")),
                "task": data.get("task"),
                "stream": data["stream"],
                "text": data["text"],
            },
        )


class Violation(Shape):
    """One field of an input that breaks a rule."""

    field: str
    """Path of the field, in the wire's names: `ports[1].target`."""
    message: str
    """What is wrong with it and what is expected."""

    _WIRE: ClassVar[Mapping[str, str]] = {"field": "field", "message": "message"}

    def __init__(self, field: str, message: str) -> None:
        fill(self, {"field": field, "message": message})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Violation:
        return make(Violation, {"field": data["field"], "message": data["message"]})


__all__ = [
    "Application",
    "Change",
    "Database",
    "DatabaseConnection",
    "Deployment",
    "DeploymentRequest",
    "DeploymentState",
    "LogLine",
    "Plan",
    "Project",
    "PushRef",
    "QueueStats",
    "Release",
    "RuntimeInfo",
    "ServiceLogLine",
    "ServiceStats",
    "StepRecord",
    "TaskStats",
    "Violation",
    "WebhookAnswer",
]
