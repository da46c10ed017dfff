"""What a person says about an application."""

# Made by dokploy-py/codegen of tests/parity/*.json; changes here are lost.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Union

from ._shape import Secret, Shape, fill, make, maybe
from .names import (
    CredentialId,
    EndpointMode,
    EnvDelivery,
    FailureAction,
    PortMode,
    Protocol,
    RestartCondition,
    ServiceMode,
    UpdateOrder,
)


class SealedSecret(Shape):
    """A sealed value as it is stored: unreadable without the key it names."""

    key_id: str
    """Which key of the ring sealed it."""
    sealed: str
    """Nonce, ciphertext and tag, base64."""

    _WIRE: ClassVar[Mapping[str, str]] = {"key_id": "keyId", "sealed": "sealed"}
    _HIDDEN: ClassVar[frozenset[str]] = frozenset(["sealed"])

    def __init__(self, key_id: str, sealed: str) -> None:
        fill(self, {"key_id": key_id, "sealed": sealed})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SealedSecret:
        return make(SealedSecret, {"key_id": data["keyId"], "sealed": data["sealed"]})


EnvValue = Union[str, Secret, SealedSecret]
"""A value in clear, a secret that was just handed in, or a secret as it is stored.

On the wire: a string is a value in clear, `{"secret": "…"}` a new secret, and `{"keyId": "…", "sealed": "…"}` a
stored one. A new secret is never written: it is sealed first.
"""


def read_env_value(value: Any) -> EnvValue:
    if isinstance(value, str):
        return value
    return Secret(value["secret"]) if "secret" in value else SealedSecret.from_dict(value)


CommandLine = Union[str, Sequence[str]]
"""A command: one text for the image's shell, or the words themselves, which need no shell."""


def read_command_line(value: Any) -> CommandLine:
    return value if isinstance(value, str) else tuple(value)


class EnvVar(Shape):
    """One variable of the environment."""

    key: str
    """Name: letters, digits and underscores, not starting with a digit."""
    value: EnvValue
    """Value."""
    delivery: EnvDelivery
    """How the process gets it."""

    _WIRE: ClassVar[Mapping[str, str]] = {"key": "key", "value": "value", "delivery": "delivery"}
    _DEFAULTS: ClassVar[Mapping[str, Any]] = {"delivery": "env"}

    def __init__(self, key: str, value: EnvValue, *, delivery: EnvDelivery = "env") -> None:
        fill(self, {"key": key, "value": value, "delivery": delivery})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> EnvVar:
        return make(EnvVar, {"key": data["key"], "value": read_env_value(data["value"]), "delivery": data["delivery"]})


class Port(Shape):
    """A port of the container that is published."""

    target: int
    """Port in the container."""
    published: int | None
    """Port outside; unset: the engine picks one."""
    mode: PortMode
    """Where it is published."""
    protocol: Protocol
    """Transport."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "target": "target",
        "published": "published",
        "mode": "mode",
        "protocol": "protocol",
    }
    _DEFAULTS: ClassVar[Mapping[str, Any]] = {"mode": "ingress", "protocol": "tcp"}

    def __init__(
        self, target: int, *, published: int | None = None, mode: PortMode = "ingress", protocol: Protocol = "tcp"
    ) -> None:
        fill(self, {"target": target, "published": published, "mode": mode, "protocol": protocol})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Port:
        return make(
            Port,
            {
                "target": data["target"],
                "published": data.get("published"),
                "mode": data["mode"],
                "protocol": data["protocol"],
            },
        )


class Volume(Shape):
    """A named volume in the container. Host paths cannot be mounted."""

    source: str
    """Name of the volume."""
    target: str
    """Absolute path in the container."""
    read_only: bool
    """A writable volume means stop-first updates and one task."""

    _WIRE: ClassVar[Mapping[str, str]] = {"source": "source", "target": "target", "read_only": "readOnly"}
    _DEFAULTS: ClassVar[Mapping[str, Any]] = {"read_only": False}

    def __init__(self, source: str, target: str, *, read_only: bool = False) -> None:
        fill(self, {"source": source, "target": target, "read_only": read_only})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Volume:
        return make(Volume, {"source": data["source"], "target": data["target"], "read_only": data["readOnly"]})


class Tmpfs(Shape):
    """An in-memory file system."""

    target: str
    """Absolute path in the container."""
    size_limit: int | None
    """Size limit in MiB."""

    _WIRE: ClassVar[Mapping[str, str]] = {"target": "target", "size_limit": "sizeLimit"}

    def __init__(self, target: str, *, size_limit: int | None = None) -> None:
        fill(self, {"target": target, "size_limit": size_limit})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Tmpfs:
        return make(Tmpfs, {"target": data["target"], "size_limit": data.get("sizeLimit")})


class Domain(Shape):
    """A host name that Traefik routes to the application."""

    host: str
    """DNS name; no pattern."""
    port: int
    """Port in the container that answers."""
    path: str | None
    """Path prefix; unset: the whole host."""
    https: bool
    """Whether it is served over TLS (plain http is then redirected)."""
    certificate_resolver: str | None
    """Traefik certificate resolver; unset: the default certificate."""
    redirect_www: bool
    """Redirects `www.<host>` to `<host>`."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "host": "host",
        "port": "port",
        "path": "path",
        "https": "https",
        "certificate_resolver": "certificateResolver",
        "redirect_www": "redirectWww",
    }
    _DEFAULTS: ClassVar[Mapping[str, Any]] = {"https": False, "redirect_www": False}

    def __init__(
        self,
        host: str,
        port: int,
        *,
        path: str | None = None,
        https: bool = False,
        certificate_resolver: str | None = None,
        redirect_www: bool = False,
    ) -> None:
        fill(
            self,
            {
                "host": host,
                "port": port,
                "path": path,
                "https": https,
                "certificate_resolver": certificate_resolver,
                "redirect_www": redirect_www,
            },
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Domain:
        return make(
            Domain,
            {
                "host": data["host"],
                "port": data["port"],
                "path": data.get("path"),
                "https": data["https"],
                "certificate_resolver": data.get("certificateResolver"),
                "redirect_www": data["redirectWww"],
            },
        )


class GitSource(Shape):
    """A git repository and what of it is deployed."""

    repo_url: str
    """`https://`, `http://`, `ssh://`, `user@host:path` or, where the embedder allows it, `file://`. Never holds
    credentials: they are stored apart.
    """
    branch: str | None
    """Branch, or a tag by its full name `refs/tags/…`. Unset: what the remote's `HEAD` names."""
    credential_id: CredentialId | None
    """Credential to use for this host."""
    submodules: bool
    """Whether submodules belong to the tree."""
    watch_paths: tuple[str, ...]
    """Glob patterns; a push that touches none of them starts no deployment. Empty: every push does."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "repo_url": "repoUrl",
        "branch": "branch",
        "credential_id": "credentialId",
        "submodules": "submodules",
        "watch_paths": "watchPaths",
    }
    _DEFAULTS: ClassVar[Mapping[str, Any]] = {"submodules": False, "watch_paths": ()}

    def __init__(
        self,
        repo_url: str,
        *,
        branch: str | None = None,
        credential_id: CredentialId | None = None,
        submodules: bool = False,
        watch_paths: Sequence[str] = (),
    ) -> None:
        fill(
            self,
            {
                "repo_url": repo_url,
                "branch": branch,
                "credential_id": credential_id,
                "submodules": submodules,
                "watch_paths": tuple(watch_paths),
            },
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> GitSource:
        return make(
            GitSource,
            {
                "repo_url": data["repoUrl"],
                "branch": data.get("branch"),
                "credential_id": data.get("credentialId"),
                "submodules": data["submodules"],
                "watch_paths": tuple(data.get("watchPaths", ())),
            },
        )


class HealthCheck(Shape):
    """How the engine finds out whether a task is healthy."""

    command: CommandLine
    """Exit code 0 is healthy."""
    interval: float
    """Time between two probes."""
    timeout: float
    """How long a probe may take."""
    retries: int
    """Failures in a row that make it unhealthy."""
    start_period: float | None
    """Time at the start during which failures do not count."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "command": "command",
        "interval": "interval",
        "timeout": "timeout",
        "retries": "retries",
        "start_period": "startPeriod",
    }
    _DEFAULTS: ClassVar[Mapping[str, Any]] = {"interval": 30, "timeout": 10, "retries": 3}

    def __init__(
        self,
        command: CommandLine,
        *,
        interval: float = 30,
        timeout: float = 10,
        retries: int = 3,
        start_period: float | None = None,
    ) -> None:
        fill(
            self,
            {
                "command": command if isinstance(command, str) else tuple(command),
                "interval": interval,
                "timeout": timeout,
                "retries": retries,
                "start_period": start_period,
            },
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> HealthCheck:
        return make(
            HealthCheck,
            {
                "command": read_command_line(data["command"]),
                "interval": data["interval"],
                "timeout": data["timeout"],
                "retries": data["retries"],
                "start_period": data.get("startPeriod"),
            },
        )


class RestartPolicy(Shape):
    """What Swarm does with a task that ends."""

    condition: RestartCondition
    """When it starts another one."""
    max_attempts: int | None
    """How often at most; unset: without end."""
    delay: float
    """How long it waits before."""
    window: float
    """Attempts older than this no longer count."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "condition": "condition",
        "max_attempts": "maxAttempts",
        "delay": "delay",
        "window": "window",
    }
    _DEFAULTS: ClassVar[Mapping[str, Any]] = {"condition": "on-failure", "max_attempts": 3, "delay": 5, "window": 120}

    def __init__(
        self,
        *,
        condition: RestartCondition = "on-failure",
        max_attempts: int | None = 3,
        delay: float = 5,
        window: float = 120,
    ) -> None:
        fill(self, {"condition": condition, "max_attempts": max_attempts, "delay": delay, "window": window})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RestartPolicy:
        return make(
            RestartPolicy,
            {
                "condition": data["condition"],
                "max_attempts": data.get("maxAttempts"),
                "delay": data["delay"],
                "window": data["window"],
            },
        )


class UpdatePolicy(Shape):
    """How a new release takes over."""

    order: UpdateOrder | None
    """Unset: start-first, unless a host port or a writable volume forbids it."""
    parallelism: int
    """Tasks replaced at once; at least 1."""
    delay: float
    """Pause between two batches, when there is more than one replica."""
    monitor: float
    """How long all tasks have to stay healthy before the deployment counts as a success."""
    on_failure: FailureAction
    """What happens when it fails."""
    progress_deadline: float
    """How long the rollout may go without a task becoming healthy."""
    healthy_deadline: float
    """How long one task may take to become healthy."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "order": "order",
        "parallelism": "parallelism",
        "delay": "delay",
        "monitor": "monitor",
        "on_failure": "onFailure",
        "progress_deadline": "progressDeadline",
        "healthy_deadline": "healthyDeadline",
    }
    _DEFAULTS: ClassVar[Mapping[str, Any]] = {
        "parallelism": 1,
        "delay": 10,
        "monitor": 30,
        "on_failure": "rollback",
        "progress_deadline": 600,
        "healthy_deadline": 300,
    }

    def __init__(
        self,
        *,
        order: UpdateOrder | None = None,
        parallelism: int = 1,
        delay: float = 10,
        monitor: float = 30,
        on_failure: FailureAction = "rollback",
        progress_deadline: float = 600,
        healthy_deadline: float = 300,
    ) -> None:
        fill(
            self,
            {
                "order": order,
                "parallelism": parallelism,
                "delay": delay,
                "monitor": monitor,
                "on_failure": on_failure,
                "progress_deadline": progress_deadline,
                "healthy_deadline": healthy_deadline,
            },
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> UpdatePolicy:
        return make(
            UpdatePolicy,
            {
                "order": data.get("order"),
                "parallelism": data["parallelism"],
                "delay": data["delay"],
                "monitor": data["monitor"],
                "on_failure": data["onFailure"],
                "progress_deadline": data["progressDeadline"],
                "healthy_deadline": data["healthyDeadline"],
            },
        )


class Deadlines(Shape):
    """How long each phase of a deployment may take. Nothing waits for ever."""

    fetch: float
    """Resolving and fetching the source."""
    build: float
    """Building the image."""
    push: float
    """Pushing it."""
    release_command: float
    """The release command."""
    total: float
    """The whole deployment, from its first start to its end; restoring the previous release comes on top."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "fetch": "fetch",
        "build": "build",
        "push": "push",
        "release_command": "releaseCommand",
        "total": "total",
    }
    _DEFAULTS: ClassVar[Mapping[str, Any]] = {
        "fetch": 600,
        "build": 1200,
        "push": 600,
        "release_command": 300,
        "total": 1800,
    }

    def __init__(
        self,
        *,
        fetch: float = 600,
        build: float = 1200,
        push: float = 600,
        release_command: float = 300,
        total: float = 1800,
    ) -> None:
        fill(self, {"fetch": fetch, "build": build, "push": push, "release_command": release_command, "total": total})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Deadlines:
        return make(
            Deadlines,
            {
                "fetch": data["fetch"],
                "build": data["build"],
                "push": data["push"],
                "release_command": data["releaseCommand"],
                "total": data["total"],
            },
        )


class ApplicationSpec(Shape):
    """What a person says about an application. Everything but a name and one source has a default.

    Exactly one of `git_source`, `image`, `directory` and `archive` is set.
    """

    name: str
    """Name: lower-case letters, digits and hyphens, 1 to 40 characters, unique within the project."""
    git_source: GitSource | None
    """A git repository."""
    image: str | None
    """An existing image."""
    directory: str | None
    """A directory on the machine of the engine."""
    archive: str | None
    """An uploaded archive in the engine's data directory."""
    dockerfile: str
    """Dockerfile, relative to `context`."""
    context: str
    """Directory of the source that is the build context."""
    target: str | None
    """Stage of the Dockerfile to build; unset: the last one."""
    build_args: Mapping[str, str]
    """Build arguments. They end up in the image's history: no secrets here."""
    build_secrets: Mapping[str, EnvValue]
    """Secrets for `RUN --mount=type=secret,id=…`, by id. They reach neither the image nor its history."""
    build_memory_limit: int | None
    """Memory limit of the build in MiB. Only the classic builder honours it, so that it is used when set."""
    build_cpu_limit: float | None
    """Processor limit of the build in cores, with the same consequence."""
    registry: str | None
    """Repository to push built images to, without a tag: `registry.example.com/team`. Unset: images stay on this
    engine, which is enough for a single node.
    """
    registry_credential_id: CredentialId | None
    """Credential for the registry that images are pushed to or pulled from."""
    env_vars: tuple[EnvVar, ...]
    """Environment, in order."""
    command: tuple[str, ...] | None
    """Arguments that replace the image's command."""
    replicas: int
    """Number of tasks."""
    mode: ServiceMode
    """Replicated, or one task on each node."""
    ports: tuple[Port, ...]
    """Published ports."""
    volumes: tuple[Volume, ...]
    """Mounted volumes."""
    tmpfs: tuple[Tmpfs, ...]
    """In-memory file systems."""
    health_check: HealthCheck | None
    """Health check; unset: the image's own, if it has one."""
    memory_limit: int | None
    """Memory limit in MiB."""
    cpu_limit: float | None
    """Processor limit in cores."""
    memory_reservation: int | None
    """Memory that a node must have free, in MiB."""
    cpu_reservation: float | None
    """Cores that a node must have free."""
    restart: RestartPolicy
    """What Swarm does with a task that ends."""
    labels: Mapping[str, str]
    """Labels of the service. `dokploy.` and `com.docker.` names are ours and the engine's."""
    domains: tuple[Domain, ...]
    """Host names that Traefik routes here."""
    networks: tuple[str, ...]
    """Further networks; every application is in `dokploy-network`."""
    endpoint_mode: EndpointMode
    """How the service's name resolves."""
    constraints: tuple[str, ...]
    """Placement constraints, as in `node.labels.disk==ssd`."""
    user: str | None
    """User that the process runs as: `uid`, `uid:gid` or a name. Unset: the image's."""
    drop_capabilities: tuple[str, ...]
    """Linux capabilities to take away, as in `NET_RAW` or `ALL`. None can be added."""
    read_only_root: bool
    """Whether the root file system is read-only."""
    init: bool
    """Whether a small init process reaps zombies and passes signals on."""
    stop_grace: float
    """How long a task may take to stop before it is killed."""
    update: UpdatePolicy
    """How a new release takes over."""
    deadlines: Deadlines
    """How long each phase may take."""
    release_command: CommandLine | None
    """Runs in the new image before the switch, once for each attempt: migrations, for example."""
    auto_deploy: bool
    """Whether a push starts a deployment."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "name": "name",
        "git_source": "gitSource",
        "image": "image",
        "directory": "directory",
        "archive": "archive",
        "dockerfile": "dockerfile",
        "context": "context",
        "target": "target",
        "build_args": "buildArgs",
        "build_secrets": "buildSecrets",
        "build_memory_limit": "buildMemoryLimit",
        "build_cpu_limit": "buildCpuLimit",
        "registry": "registry",
        "registry_credential_id": "registryCredentialId",
        "env_vars": "envVars",
        "command": "command",
        "replicas": "replicas",
        "mode": "mode",
        "ports": "ports",
        "volumes": "volumes",
        "tmpfs": "tmpfs",
        "health_check": "healthCheck",
        "memory_limit": "memoryLimit",
        "cpu_limit": "cpuLimit",
        "memory_reservation": "memoryReservation",
        "cpu_reservation": "cpuReservation",
        "restart": "restart",
        "labels": "labels",
        "domains": "domains",
        "networks": "networks",
        "endpoint_mode": "endpointMode",
        "constraints": "constraints",
        "user": "user",
        "drop_capabilities": "dropCapabilities",
        "read_only_root": "readOnlyRoot",
        "init": "init",
        "stop_grace": "stopGrace",
        "update": "update",
        "deadlines": "deadlines",
        "release_command": "releaseCommand",
        "auto_deploy": "autoDeploy",
    }
    _DEFAULTS: ClassVar[Mapping[str, Any]] = {
        "dockerfile": "Dockerfile",
        "context": ".",
        "build_args": {},
        "build_secrets": {},
        "env_vars": (),
        "replicas": 1,
        "mode": "replicated",
        "ports": (),
        "volumes": (),
        "tmpfs": (),
        "restart": RestartPolicy(),
        "labels": {},
        "domains": (),
        "networks": (),
        "endpoint_mode": "vip",
        "constraints": (),
        "drop_capabilities": (),
        "read_only_root": False,
        "init": False,
        "stop_grace": 30,
        "update": UpdatePolicy(),
        "deadlines": Deadlines(),
        "auto_deploy": True,
    }

    def __init__(
        self,
        name: str,
        *,
        git_source: GitSource | None = None,
        image: str | None = None,
        directory: str | None = None,
        archive: str | None = None,
        dockerfile: str = "Dockerfile",
        context: str = ".",
        target: str | None = None,
        build_args: Mapping[str, str] = {},
        build_secrets: Mapping[str, EnvValue] = {},
        build_memory_limit: int | None = None,
        build_cpu_limit: float | None = None,
        registry: str | None = None,
        registry_credential_id: CredentialId | None = None,
        env_vars: Sequence[EnvVar] = (),
        command: Sequence[str] | None = None,
        replicas: int = 1,
        mode: ServiceMode = "replicated",
        ports: Sequence[Port] = (),
        volumes: Sequence[Volume] = (),
        tmpfs: Sequence[Tmpfs] = (),
        health_check: HealthCheck | None = None,
        memory_limit: int | None = None,
        cpu_limit: float | None = None,
        memory_reservation: int | None = None,
        cpu_reservation: float | None = None,
        restart: RestartPolicy = RestartPolicy(),
        labels: Mapping[str, str] = {},
        domains: Sequence[Domain] = (),
        networks: Sequence[str] = (),
        endpoint_mode: EndpointMode = "vip",
        constraints: Sequence[str] = (),
        user: str | None = None,
        drop_capabilities: Sequence[str] = (),
        read_only_root: bool = False,
        init: bool = False,
        stop_grace: float = 30,
        update: UpdatePolicy = UpdatePolicy(),
        deadlines: Deadlines = Deadlines(),
        release_command: CommandLine | None = None,
        auto_deploy: bool = True,
    ) -> None:
        fill(
            self,
            {
                "name": name,
                "git_source": git_source,
                "image": image,
                "directory": directory,
                "archive": archive,
                "dockerfile": dockerfile,
                "context": context,
                "target": target,
                "build_args": dict(build_args),
                "build_secrets": dict(build_secrets),
                "build_memory_limit": build_memory_limit,
                "build_cpu_limit": build_cpu_limit,
                "registry": registry,
                "registry_credential_id": registry_credential_id,
                "env_vars": tuple(env_vars),
                "command": None if command is None else tuple(command),
                "replicas": replicas,
                "mode": mode,
                "ports": tuple(ports),
                "volumes": tuple(volumes),
                "tmpfs": tuple(tmpfs),
                "health_check": health_check,
                "memory_limit": memory_limit,
                "cpu_limit": cpu_limit,
                "memory_reservation": memory_reservation,
                "cpu_reservation": cpu_reservation,
                "restart": restart,
                "labels": dict(labels),
                "domains": tuple(domains),
                "networks": tuple(networks),
                "endpoint_mode": endpoint_mode,
                "constraints": tuple(constraints),
                "user": user,
                "drop_capabilities": tuple(drop_capabilities),
                "read_only_root": read_only_root,
                "init": init,
                "stop_grace": stop_grace,
                "update": update,
                "deadlines": deadlines,
                "release_command": None
                if release_command is None
                else release_command
                if isinstance(release_command, str)
                else tuple(release_command),
                "auto_deploy": auto_deploy,
            },
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ApplicationSpec:
        return make(
            ApplicationSpec,
            {
                "name": data["name"],
                "git_source": maybe(GitSource.from_dict, data.get("gitSource")),
                "image": data.get("image"),
                "directory": data.get("directory"),
                "archive": data.get("archive"),
                "dockerfile": data["dockerfile"],
                "context": data["context"],
                "target": data.get("target"),
                "build_args": dict(data.get("buildArgs", {})),
                "build_secrets": {key: read_env_value(item) for key, item in data.get("buildSecrets", {}).items()},
                "build_memory_limit": data.get("buildMemoryLimit"),
                "build_cpu_limit": data.get("buildCpuLimit"),
                "registry": data.get("registry"),
                "registry_credential_id": data.get("registryCredentialId"),
                "env_vars": tuple(map(EnvVar.from_dict, data.get("envVars", ()))),
                "command": maybe(lambda value: tuple(value), data.get("command")),
                "replicas": data["replicas"],
                "mode": data["mode"],
                "ports": tuple(map(Port.from_dict, data.get("ports", ()))),
                "volumes": tuple(map(Volume.from_dict, data.get("volumes", ()))),
                "tmpfs": tuple(map(Tmpfs.from_dict, data.get("tmpfs", ()))),
                "health_check": maybe(HealthCheck.from_dict, data.get("healthCheck")),
                "memory_limit": data.get("memoryLimit"),
                "cpu_limit": data.get("cpuLimit"),
                "memory_reservation": data.get("memoryReservation"),
                "cpu_reservation": data.get("cpuReservation"),
                "restart": RestartPolicy.from_dict(data["restart"]),
                "labels": dict(data.get("labels", {})),
                "domains": tuple(map(Domain.from_dict, data.get("domains", ()))),
                "networks": tuple(data.get("networks", ())),
                "endpoint_mode": data["endpointMode"],
                "constraints": tuple(data.get("constraints", ())),
                "user": data.get("user"),
                "drop_capabilities": tuple(data.get("dropCapabilities", ())),
                "read_only_root": data["readOnlyRoot"],
                "init": data["init"],
                "stop_grace": data["stopGrace"],
                "update": UpdatePolicy.from_dict(data["update"]),
                "deadlines": Deadlines.from_dict(data["deadlines"]),
                "release_command": maybe(read_command_line, data.get("releaseCommand")),
                "auto_deploy": data["autoDeploy"],
            },
        )


__all__ = [
    "ApplicationSpec",
    "CommandLine",
    "Deadlines",
    "Domain",
    "EnvValue",
    "EnvVar",
    "GitSource",
    "HealthCheck",
    "Port",
    "RestartPolicy",
    "SealedSecret",
    "Tmpfs",
    "UpdatePolicy",
    "Volume",
]
