"""The engine for programs without asyncio: the same calls, each of which waits for its answer.

Waiting holds up only the thread that waits, and Ctrl-C ends it."""

# Made by dokploy-py/codegen of tests/parity/*.json; changes here are lost.

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, NamedTuple

from . import _dokploy
from ._border import (
    Identified,
    id_of,
    json_of,
    kept_of,
    maybe_id_of,
    maybe_shape_of,
    options_of,
    page_of,
    secret_of,
    shape_of,
    time_of,
)
from ._parts import EventSink, SourceFetcher, sink_part, source_part
from ._shape import UNCHANGED, Page, Secret, Unchanged, maybe
from ._streams import Stream
from .credentials import Credential, CredentialSecret
from .events import Event
from .names import (
    CredentialKind,
    DatabaseEngine,
    DeploymentId,
    DeploymentTrigger,
    EndpointMode,
    Provider,
    Status,
    SupersedePolicy,
    WorkerId,
)
from .records import (
    Application,
    Database,
    DatabaseConnection,
    Deployment,
    DeploymentRequest,
    LogLine,
    Plan,
    Project,
    QueueStats,
    Release,
    RuntimeInfo,
    ServiceLogLine,
    ServiceStats,
    WebhookAnswer,
)
from .specification import ApplicationSpec


class NewDatabase(NamedTuple):
    """A database that was made, and its first deployment."""

    database: Database
    """The database."""
    deployment: DeploymentHandle
    """The deployment that begins to run it."""


def new_database(answer: tuple[str, _dokploy.DeploymentHandle]) -> NewDatabase:
    """Reads both answers."""
    return NewDatabase(shape_of(Database.from_dict, answer[0]), DeploymentHandle(answer[1]))


class DeploymentHandle:
    """A deployment that was accepted, and the engine that knows it. Dropping it stops nothing."""

    __slots__ = ("_native",)

    def __init__(self, native: _dokploy.DeploymentHandle) -> None:
        self._native = native

    def __repr__(self) -> str:
        return f"<DeploymentHandle {self.id}>"

    @property
    def id(self) -> DeploymentId:
        """Its id."""
        return self._native.id

    def get(self) -> Deployment:
        """Where it stands.

        Raises NotFound.
        """
        return shape_of(Deployment.from_dict, self._native.get().result())

    def events(self, *, after: int = 0) -> Stream[Event]:
        """Its events after a number, those of the past first and then those to come, without a gap, until the
        terminal one.

        Raises NotFound.
        """
        return Stream(self._native.events(after), Event.from_dict)

    def logs(self, *, after: int = 0, follow: bool = True) -> Stream[LogLine]:
        """Lines of its log after a number, those of the past first; with `follow`, until it is terminal.

        Raises NotFound.
        """
        return Stream(self._native.logs(after, follow), LogLine.from_dict)

    def wait(self, *, timeout: float | None = None) -> Deployment:
        """Waits until it is terminal. The deployment goes on when the waiting ends before.

        Raises NotFound or TimedOut.
        """
        return shape_of(Deployment.from_dict, self._native.wait(timeout).result())

    def cancel(self, *, actor: str | None = None) -> Deployment:
        """Asks to cancel it; it becomes `cancelled` after the work has really stopped. Asking again, or for one
        that is terminal, changes nothing.

        Raises NotFound or Unavailable.
        """
        return shape_of(Deployment.from_dict, self._native.cancel(actor).result())


class Engine:
    """A deployment engine in this process. Open one with `Engine.open`."""

    __slots__ = ("_native",)

    def __init__(self, native: _dokploy.Engine) -> None:
        self._native = native

    def __repr__(self) -> str:
        return f"<Engine {self.worker}>"

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @classmethod
    def open(
        cls,
        *,
        data_dir: str | os.PathLike[str] = "dokploy-data",
        database_url: Secret | str | None = None,
        redis_url: Secret | str | None = None,
        docker_host: str | None = None,
        docker_cert_path: str | os.PathLike[str] | None = None,
        secret_key: Secret | str | None = None,
        secret_key_file: str | os.PathLike[str] | None = None,
        allow_private: bool = False,
        allowed_ranges: Sequence[str] = (),
        allowed_hosts: Sequence[str] = (),
        local_sources: bool = False,
        source: SourceFetcher | None = None,
        event_sink: EventSink | None = None,
        concurrency: int = 3,
        starts_per_minute: int = 10,
        queue_max: int = 100000,
        lease: float = 30,
        lease_renewal: float = 3,
        poll_interval: float = 2,
        attempts_max: int = 3,
        context_bytes_max: int = 2147483648,
        watch_interval: float = 10,
        initialise_swarm: bool = False,
        network: str = "dokploy-network",
    ) -> Engine:
        """Opens the store, prepares the ways to the container engine and to sources, and starts to work.

        - `data_dir`: Directory of everything that is kept; made when it is missing.
        - `database_url`: `postgres://…` or `sqlite://…`. Unset: an SQLite file in the data directory.
        - `redis_url`: `redis://…`, over which several engines on one database wake each other up. Unset: they
          poll.
        - `docker_host`: Address of the container engine, as `DOCKER_HOST` has it. Unset: the local socket.
        - `docker_cert_path`: Directory with `ca.pem`, `cert.pem` and `key.pem` for a container engine that
          speaks TLS.
        - `secret_key`: One or more keys of 32 bytes in base64 that seal secrets; the first one seals. Unset: a
          key file.
        - `secret_key_file`: File of the key; made when it is missing. Unset: `secret.key` in the data
          directory.
        - `allow_private`: Whether sources at loopback and private addresses may be reached.
        - `allowed_ranges`: Address ranges that may be reached whatever they are: `10.1.0.0/16`.
        - `allowed_hosts`: Hosts that may be reached whatever they resolve to: `git.internal`, or `*.internal`.
        - `local_sources`: Whether directories, archives and `file://` repositories of this machine may be
          sources.
        - `source`: Fetches code in place of the engine's own fetchers.
        - `event_sink`: Is told each event of the deployments that this engine works on.
        - `concurrency`: Deployments that this engine works on at once. 0: it works on none, and only accepts
          and shows them.
        - `starts_per_minute`: New deployments that this engine starts within a minute. Resumed ones do not
          count.
        - `queue_max`: Deployments that may wait, over all applications.
        - `lease`: How long a claim lasts without a renewal, in seconds.
        - `lease_renewal`: How often a claim is renewed, and a cancellation from another process seen, in
          seconds.
        - `poll_interval`: How often the queue is looked at when nothing wakes the engine up, in seconds.
        - `attempts_max`: Workers that a deployment may lose before it fails.
        - `context_bytes_max`: Most bytes of a build context.
        - `watch_interval`: How often running services are looked at for failures and outside changes, in
          seconds. 0: never.
        - `initialise_swarm`: Whether the container engine may be made a single-node swarm when it is in none.
        - `network`: Network that every application is in.

        Raises InvalidSpec, PermissionDenied, Unsupported or Unavailable.
        """
        options = options_of(
            {
                "data_dir": data_dir,
                "database_url": database_url,
                "redis_url": redis_url,
                "docker_host": docker_host,
                "docker_cert_path": docker_cert_path,
                "secret_key": secret_key,
                "secret_key_file": secret_key_file,
                "allow_private": allow_private,
                "allowed_ranges": allowed_ranges,
                "allowed_hosts": allowed_hosts,
                "local_sources": local_sources,
                "concurrency": concurrency,
                "starts_per_minute": starts_per_minute,
                "queue_max": queue_max,
                "lease": lease,
                "lease_renewal": lease_renewal,
                "poll_interval": poll_interval,
                "attempts_max": attempts_max,
                "context_bytes_max": context_bytes_max,
                "watch_interval": watch_interval,
                "initialise_swarm": initialise_swarm,
                "network": network,
            }
        )
        return cls(
            _dokploy.Engine.open(
                options,
                source_part(source) if source is not None else None,
                sink_part(event_sink) if event_sink is not None else None,
            ).result()
        )

    @classmethod
    def migrate(
        cls,
        *,
        data_dir: str | os.PathLike[str] = "dokploy-data",
        database_url: Secret | str | None = None,
        redis_url: Secret | str | None = None,
        docker_host: str | None = None,
        docker_cert_path: str | os.PathLike[str] | None = None,
        secret_key: Secret | str | None = None,
        secret_key_file: str | os.PathLike[str] | None = None,
        allow_private: bool = False,
        allowed_ranges: Sequence[str] = (),
        allowed_hosts: Sequence[str] = (),
        local_sources: bool = False,
        concurrency: int = 3,
        starts_per_minute: int = 10,
        queue_max: int = 100000,
        lease: float = 30,
        lease_renewal: float = 3,
        poll_interval: float = 2,
        attempts_max: int = 3,
        context_bytes_max: int = 2147483648,
        watch_interval: float = 10,
        initialise_swarm: bool = False,
        network: str = "dokploy-network",
    ) -> None:
        """Brings the database to the form that this version needs, and does nothing else.

        - `data_dir`: Directory of everything that is kept; made when it is missing.
        - `database_url`: `postgres://…` or `sqlite://…`. Unset: an SQLite file in the data directory.
        - `redis_url`: `redis://…`, over which several engines on one database wake each other up. Unset: they
          poll.
        - `docker_host`: Address of the container engine, as `DOCKER_HOST` has it. Unset: the local socket.
        - `docker_cert_path`: Directory with `ca.pem`, `cert.pem` and `key.pem` for a container engine that
          speaks TLS.
        - `secret_key`: One or more keys of 32 bytes in base64 that seal secrets; the first one seals. Unset: a
          key file.
        - `secret_key_file`: File of the key; made when it is missing. Unset: `secret.key` in the data
          directory.
        - `allow_private`: Whether sources at loopback and private addresses may be reached.
        - `allowed_ranges`: Address ranges that may be reached whatever they are: `10.1.0.0/16`.
        - `allowed_hosts`: Hosts that may be reached whatever they resolve to: `git.internal`, or `*.internal`.
        - `local_sources`: Whether directories, archives and `file://` repositories of this machine may be
          sources.
        - `concurrency`: Deployments that this engine works on at once. 0: it works on none, and only accepts
          and shows them.
        - `starts_per_minute`: New deployments that this engine starts within a minute. Resumed ones do not
          count.
        - `queue_max`: Deployments that may wait, over all applications.
        - `lease`: How long a claim lasts without a renewal, in seconds.
        - `lease_renewal`: How often a claim is renewed, and a cancellation from another process seen, in
          seconds.
        - `poll_interval`: How often the queue is looked at when nothing wakes the engine up, in seconds.
        - `attempts_max`: Workers that a deployment may lose before it fails.
        - `context_bytes_max`: Most bytes of a build context.
        - `watch_interval`: How often running services are looked at for failures and outside changes, in
          seconds. 0: never.
        - `initialise_swarm`: Whether the container engine may be made a single-node swarm when it is in none.
        - `network`: Network that every application is in.

        Raises InvalidSpec or Unavailable.
        """
        options = options_of(
            {
                "data_dir": data_dir,
                "database_url": database_url,
                "redis_url": redis_url,
                "docker_host": docker_host,
                "docker_cert_path": docker_cert_path,
                "secret_key": secret_key,
                "secret_key_file": secret_key_file,
                "allow_private": allow_private,
                "allowed_ranges": allowed_ranges,
                "allowed_hosts": allowed_hosts,
                "local_sources": local_sources,
                "concurrency": concurrency,
                "starts_per_minute": starts_per_minute,
                "queue_max": queue_max,
                "lease": lease,
                "lease_renewal": lease_renewal,
                "poll_interval": poll_interval,
                "attempts_max": attempts_max,
                "context_bytes_max": context_bytes_max,
                "watch_interval": watch_interval,
                "initialise_swarm": initialise_swarm,
                "network": network,
            }
        )
        _dokploy.Engine.migrate(options).result()

    def close(self) -> None:
        """Stops: takes no more work, hands back what runs so that another engine (or the next start) goes on, and
        returns when nothing runs any more.
        """
        self._native.close().result()

    @property
    def worker(self) -> WorkerId:
        """Its name in leases and events."""
        return self._native.worker

    def queue_stats(self) -> QueueStats:
        """What waits and what runs, over all engines on the store.

        Raises Unavailable.
        """
        return shape_of(QueueStats.from_dict, self._native.queue_stats().result())

    def metrics_text(self) -> str:
        """What this engine has done, what waits, and how the store's connections are used, in Prometheus' text
        format.

        Raises Unavailable.
        """
        return str(self._native.metrics_text().result())

    def runtime_info(self) -> RuntimeInfo:
        """What the container engine is and can do.

        Raises Unavailable.
        """
        return shape_of(RuntimeInfo.from_dict, self._native.runtime_info().result())

    def create_project(self, name: str, *, description: str = "") -> Project:
        """Makes a project.

        Raises InvalidSpec or AlreadyExists.
        """
        return shape_of(Project.from_dict, self._native.create_project(name, description).result())

    def find_project(self, id: Identified) -> Project | None:
        """The project, or nothing.

        Raises InvalidSpec.
        """
        return maybe_shape_of(Project.from_dict, self._native.find_project(id_of(id)).result())

    def find_project_by_name(self, name: str) -> Project | None:
        """The project with this name, or nothing."""
        return maybe_shape_of(Project.from_dict, self._native.find_project_by_name(name).result())

    def list_projects(self, *, limit: int = 50, before: str | None = None) -> Page[Project]:
        """Projects, newest first.

        Raises InvalidSpec.
        """
        return page_of(Project.from_dict, self._native.list_projects(limit, before).result())

    def delete_project(self, id: Identified) -> None:
        """Deletes a project that has no applications. Deleting what is absent is no error.

        Raises Conflict.
        """
        self._native.delete_project(id_of(id)).result()

    def create_application(self, project: Identified, spec: ApplicationSpec | Mapping[str, Any]) -> Application:
        """Makes an application. New secrets in the specification are sealed before anything is stored.

        Raises InvalidSpec, NotFound or AlreadyExists.
        """
        return shape_of(Application.from_dict, self._native.create_application(id_of(project), json_of(spec)).result())

    def find_application(self, id: Identified) -> Application | None:
        """The application, or nothing.

        Raises InvalidSpec.
        """
        return maybe_shape_of(Application.from_dict, self._native.find_application(id_of(id)).result())

    def find_application_by_name(self, project: Identified, name: str) -> Application | None:
        """The application with this name in the project, or nothing.

        Raises InvalidSpec.
        """
        return maybe_shape_of(
            Application.from_dict, self._native.find_application_by_name(id_of(project), name).result()
        )

    def list_applications(
        self, *, project: Identified | None = None, limit: int = 50, before: str | None = None
    ) -> Page[Application]:
        """Applications, of one project or of all, newest first.

        Raises InvalidSpec.
        """
        return page_of(
            Application.from_dict, self._native.list_applications(maybe_id_of(project), limit, before).result()
        )

    def update_application(
        self, id: Identified, version: int, spec: ApplicationSpec | Mapping[str, Any]
    ) -> Application:
        """Replaces the specification of an application. It takes effect with the next deployment.

        Raises InvalidSpec, NotFound or Conflict.
        """
        return shape_of(
            Application.from_dict, self._native.update_application(id_of(id), version, json_of(spec)).result()
        )

    def scale(self, id: Identified, replicas: int) -> Application:
        """Sets the number of replicas at once, without a deployment.

        Raises NotFound, InvalidSpec or Conflict.
        """
        return shape_of(Application.from_dict, self._native.scale(id_of(id), replicas).result())

    def stop(self, id: Identified) -> Application:
        """Stops an application: it keeps its service, with no tasks.

        Raises NotFound or Conflict.
        """
        return shape_of(Application.from_dict, self._native.stop(id_of(id)).result())

    def start(self, id: Identified) -> Application:
        """Starts a stopped application with the release that it had.

        Raises NotFound or Conflict.
        """
        return shape_of(Application.from_dict, self._native.start(id_of(id)).result())

    def restart(self, id: Identified) -> None:
        """Replaces all tasks of an application, with nothing changed.

        Raises NotFound or Conflict.
        """
        self._native.restart(id_of(id)).result()

    def delete_application(self, id: Identified) -> None:
        """Deletes an application and everything that was made for it but its volumes. Deleting what is absent is
        no error.

        Raises TimedOut or Unavailable.
        """
        self._native.delete_application(id_of(id)).result()

    def webhook_secret(self, application: Identified) -> Secret | None:
        """What senders of webhooks for an application sign with, or nothing where an earlier version made it and
        nobody has rotated it since.

        Raises NotFound or PermissionDenied.
        """
        return maybe(Secret, self._native.webhook_secret(id_of(application)).result())

    def rotate_webhook_secret(self, id: Identified, version: int) -> Application:
        """Gives an application a new webhook secret. What is signed with the old one is refused from then on.

        Raises NotFound or Conflict.
        """
        return shape_of(Application.from_dict, self._native.rotate_webhook_secret(id_of(id), version).result())

    def receive_webhook(
        self, provider: Provider, headers: Mapping[str, str], body: bytes, *, token: Secret | str | None = None
    ) -> WebhookAnswer:
        """Takes a request of a git host or a registry as it arrived, checks with whose secret it was made, and
        deploys what it asks for. `token` is the secret in the address, for registries that can send no header
        of one's own.

        Raises InvalidSpec, Unauthenticated or RateLimited.
        """
        return shape_of(
            WebhookAnswer.from_dict,
            self._native.receive_webhook(provider, dict(headers), body, secret_of(token)).result(),
        )

    def service_logs(
        self,
        id: Identified,
        *,
        tail: int | None = None,
        since: datetime | str | None = None,
        follow: bool = False,
        task: str | None = None,
    ) -> Stream[ServiceLogLine]:
        """Output of the tasks of an application.

        Raises NotFound or Unavailable.
        """
        return Stream(
            self._native.service_logs(id_of(id), tail, time_of(since), follow, task), ServiceLogLine.from_dict
        )

    def service_stats(self, id: Identified) -> ServiceStats:
        """Use of processor, memory and network by the tasks of an application.

        Raises NotFound or Unavailable.
        """
        return shape_of(ServiceStats.from_dict, self._native.service_stats(id_of(id)).result())

    def create_database(
        self,
        project: Identified,
        name: str,
        engine: DatabaseEngine,
        *,
        tag: str | None = None,
        image: str | None = None,
        memory_limit: int | None = None,
        cpu_limit: float | None = None,
        endpoint_mode: EndpointMode = "vip",
        actor: str | None = None,
    ) -> NewDatabase:
        """Makes a database with a password and a volume of its own, and deploys it. `tag` is one of the official
        image, `image` another image that works like it; the memory is in MiB, the processor in cores.

        Raises NotFound, InvalidSpec, AlreadyExists or RateLimited.
        """
        return new_database(
            self._native.create_database(
                id_of(project), name, engine, tag, image, memory_limit, cpu_limit, endpoint_mode, actor
            ).result()
        )

    def find_database(self, id: Identified) -> Database | None:
        """The database, or nothing. The application that runs it has its volume, limits, logs and deployments.

        Raises InvalidSpec.
        """
        return maybe_shape_of(Database.from_dict, self._native.find_database(id_of(id)).result())

    def list_databases(
        self, *, project: Identified | None = None, limit: int = 50, before: str | None = None
    ) -> Page[Database]:
        """Databases, of one project or of all, newest first.

        Raises InvalidSpec.
        """
        return page_of(Database.from_dict, self._native.list_databases(maybe_id_of(project), limit, before).result())

    def update_database(
        self,
        id: Identified,
        version: int,
        *,
        tag: str | None = None,
        image: str | None = None,
        memory_limit: int | Unchanged | None = UNCHANGED,
        cpu_limit: float | Unchanged | None = UNCHANGED,
    ) -> Database:
        """Changes image or limits of a database. It takes effect with the next deployment of its application.

        Raises NotFound, InvalidSpec or Conflict.
        """
        return shape_of(
            Database.from_dict,
            self._native.update_database(
                id_of(id), version, tag, image, kept_of(memory_limit), kept_of(cpu_limit)
            ).result(),
        )

    def delete_database(self, id: Identified, *, volume: str | None = None) -> None:
        """Deletes a database with everything that was made for it. Its data stay, unless `volume` is the name of
        its volume. Deleting what is absent is no error.

        Raises InvalidSpec, TimedOut or Unavailable.
        """
        self._native.delete_database(id_of(id), volume).result()

    def database_connection(self, id: Identified) -> DatabaseConnection:
        """How to connect to a database from within the swarm, its password included.

        Raises NotFound or PermissionDenied.
        """
        return shape_of(DatabaseConnection.from_dict, self._native.database_connection(id_of(id)).result())

    def list_releases(self, application: Identified, *, limit: int = 50, before: str | None = None) -> Page[Release]:
        """Releases of an application, newest first, retired ones included.

        Raises InvalidSpec.
        """
        return page_of(Release.from_dict, self._native.list_releases(id_of(application), limit, before).result())

    def find_release(self, id: Identified) -> Release | None:
        """The release, or nothing.

        Raises InvalidSpec.
        """
        return maybe_shape_of(Release.from_dict, self._native.find_release(id_of(id)).result())

    def deploy(
        self,
        application: Identified,
        *,
        branch: str | None = None,
        commit_sha: str | None = None,
        title: str | None = None,
        force: bool = False,
        trigger: DeploymentTrigger = "api",
        actor: str | None = None,
        supersede: SupersedePolicy = "queued",
        idempotency_key: str | None = None,
        plan_digest: str | None = None,
    ) -> DeploymentHandle:
        """Accepts a deployment. Durable when it returns; the same idempotency key gives the same deployment.

        Raises NotFound, InvalidSpec, RateLimited or Conflict.
        """
        return DeploymentHandle(
            self._native.deploy(
                id_of(application),
                json_of(
                    DeploymentRequest(
                        branch=branch,
                        commit_sha=commit_sha,
                        title=title,
                        force=force,
                        trigger=trigger,
                        actor=actor,
                        supersede=supersede,
                    )
                ),
                idempotency_key,
                plan_digest,
            ).result()
        )

    def roll_back(
        self,
        application: Identified,
        *,
        release: Identified | None = None,
        actor: str | None = None,
        idempotency_key: str | None = None,
    ) -> DeploymentHandle:
        """Accepts a rollback to a retained release, as it was, environment included, without a rebuild.

        Raises NotFound, Conflict or RateLimited.
        """
        return DeploymentHandle(
            self._native.roll_back(id_of(application), maybe_id_of(release), actor, idempotency_key).result()
        )

    def plan(
        self,
        application: Identified,
        *,
        branch: str | None = None,
        commit_sha: str | None = None,
        title: str | None = None,
        force: bool = False,
        trigger: DeploymentTrigger = "api",
        actor: str | None = None,
        supersede: SupersedePolicy = "queued",
    ) -> Plan:
        """What a deployment would do, without doing any of it.

        Raises NotFound, InvalidSpec, SourceFailed or Unavailable.
        """
        return shape_of(
            Plan.from_dict,
            self._native.plan(
                id_of(application),
                json_of(
                    DeploymentRequest(
                        branch=branch,
                        commit_sha=commit_sha,
                        title=title,
                        force=force,
                        trigger=trigger,
                        actor=actor,
                        supersede=supersede,
                    )
                ),
            ).result(),
        )

    def preview(
        self,
        project: str,
        spec: ApplicationSpec | Mapping[str, Any],
        *,
        branch: str | None = None,
        commit_sha: str | None = None,
        title: str | None = None,
        force: bool = False,
        trigger: DeploymentTrigger = "api",
        actor: str | None = None,
        supersede: SupersedePolicy = "queued",
    ) -> Plan:
        """What a deployment would do if the application of this name in the named project had this specification,
        whether there is one already or not. Nothing is stored.

        Raises InvalidSpec, SourceFailed or Unavailable.
        """
        return shape_of(
            Plan.from_dict,
            self._native.preview(
                project,
                json_of(spec),
                json_of(
                    DeploymentRequest(
                        branch=branch,
                        commit_sha=commit_sha,
                        title=title,
                        force=force,
                        trigger=trigger,
                        actor=actor,
                        supersede=supersede,
                    )
                ),
            ).result(),
        )

    def list_deployments(
        self,
        *,
        application: Identified | None = None,
        project: Identified | None = None,
        status: Status | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> Page[Deployment]:
        """Deployments, newest first.

        Raises InvalidSpec.
        """
        return page_of(
            Deployment.from_dict,
            self._native.list_deployments(
                maybe_id_of(application), maybe_id_of(project), status, limit, before
            ).result(),
        )

    def find_deployment(self, id: Identified) -> Deployment | None:
        """The deployment, or nothing.

        Raises InvalidSpec.
        """
        return maybe_shape_of(Deployment.from_dict, self._native.find_deployment(id_of(id)).result())

    def deployment(self, id: Identified) -> DeploymentHandle:
        """A handle of a deployment that was accepted before. Nothing is asked yet.

        Raises InvalidSpec.
        """
        return DeploymentHandle(self._native.deployment(id_of(id)))

    def create_credential(
        self, kind: CredentialKind, name: str, host: str, secret: CredentialSecret | Mapping[str, Any]
    ) -> Credential:
        """Stores a credential, sealed. Its secret is never read back.

        Raises InvalidSpec or AlreadyExists.
        """
        return shape_of(
            Credential.from_dict, self._native.create_credential(kind, name, host, json_of(secret)).result()
        )

    def find_credential(self, id: Identified) -> Credential | None:
        """The credential without its secret, or nothing.

        Raises InvalidSpec.
        """
        return maybe_shape_of(Credential.from_dict, self._native.find_credential(id_of(id)).result())

    def list_credentials(self, *, limit: int = 50, before: str | None = None) -> Page[Credential]:
        """Credentials without their secrets, newest first.

        Raises InvalidSpec.
        """
        return page_of(Credential.from_dict, self._native.list_credentials(limit, before).result())

    def delete_credential(self, id: Identified) -> None:
        """Deletes a credential. Applications that name it fail to fetch from then on, and say so.

        Raises InvalidSpec.
        """
        self._native.delete_credential(id_of(id)).result()


__all__ = [
    "DeploymentHandle",
    "Engine",
    "NewDatabase",
]
