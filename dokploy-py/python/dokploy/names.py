"""Names: ids, and texts of which there are only a few."""

# Made by dokploy-py/codegen of tests/parity/*.json; changes here are lost.

from __future__ import annotations

from typing import Literal

ApplicationId = str
"""Identifies an application."""

CredentialId = str
"""Identifies a stored git or registry credential."""

CredentialKind = Literal["git", "registry"]
"""What a credential is for.

- `git`: A git host.
- `registry`: An image registry.
"""

DatabaseEngine = Literal["postgres", "mysql", "mariadb", "mongo", "redis"]
"""Which database.

- `postgres`: `PostgreSQL`.
- `mysql`: `MySQL`.
- `mariadb`: `MariaDB`.
- `mongo`: `MongoDB`.
- `redis`: `Redis`.
"""

DatabaseId = str
"""Identifies a database."""

DeploymentId = str
"""Identifies a deployment. Later deployments have greater ids."""

DeploymentKind = Literal["deploy", "rollback"]
"""Forwards or back.

- `deploy`: A new release from the source.
- `rollback`: An older release as it was, without a rebuild.
"""

DeploymentTrigger = Literal["api", "webhook", "cli", "rollback"]
"""What started a deployment.

- `api`: A call of the API, in process or over HTTP.
- `webhook`: A push or a registry event.
- `cli`: The command line.
- `rollback`: A person who went back.
"""

EndpointMode = Literal["vip", "dnsrr"]
"""How the name of a service resolves within its networks.

- `vip`: To one virtual address, balanced by the kernel.
- `dnsrr`: To the addresses of all tasks.
"""

EnvDelivery = Literal["env", "file"]
"""How a process gets a variable.

- `env`: In its environment.
- `file`: As the file `/run/secrets/<key>`, a Swarm secret.
"""

ErrorKind = Literal[
    "not_found",
    "already_exists",
    "conflict",
    "invalid_spec",
    "unauthenticated",
    "permission_denied",
    "unsupported",
    "rate_limited",
    "unavailable",
    "timed_out",
    "source_failed",
    "build_failed",
    "unhealthy",
    "cancelled",
    "lease_lost",
    "unexpected",
]
"""What kind of thing went wrong. Flat and stable: every front end maps these codes and nothing else.

- `not_found`: The thing does not exist, or the caller may not know that it does.
- `already_exists`: A thing with this name or key exists already.
- `conflict`: Somebody else changed the thing since the caller read it.
- `invalid_spec`: The input is well-formed but breaks a rule; see `Error.violations`.
- `unauthenticated`: Nobody is signed in.
- `permission_denied`: Somebody is signed in who may not do this.
- `unsupported`: The backend, or this build of the crate, cannot do it.
- `rate_limited`: Too many requests.
- `unavailable`: A backend is away or busy.
- `timed_out`: A deadline passed.
- `source_failed`: The source could not be resolved or fetched.
- `build_failed`: The build, or the push of its image, failed.
- `unhealthy`: The new version did not become or stay healthy.
- `cancelled`: The work was cancelled.
- `lease_lost`: This worker no longer owns the deployment; another one does.
- `unexpected`: A bug or a broken invariant.
"""

FailureAction = Literal["rollback", "pause"]
"""What happens when a rollout fails.

- `rollback`: The last stable release is restored and checked.
- `pause`: The service is left as it is, for a person to look at.
"""

LogStream = Literal["stdout", "stderr", "system"]
"""Which output a line came from.

- `stdout`: Standard output.
- `stderr`: Standard error.
- `system`: Said by the engine itself.
"""

PlanAction = Literal["create", "update", "replace", "nothing"]
"""What happens to the service.

- `create`: There is none yet.
- `update`: It is updated in place.
- `replace`: Swarm refuses an update in place (mode or name): it is removed and created anew.
- `nothing`: Nothing changes.
"""

PortMode = Literal["ingress", "host"]
"""Where a port is published.

- `ingress`: On every node, through the routing mesh.
- `host`: On the node that runs the task. Two tasks cannot share it, hence stop-first updates.
"""

ProjectId = str
"""Identifies a project."""

Protocol = Literal["tcp", "udp"]
"""Transport of a port.

- `tcp`: TCP.
- `udp`: UDP.
"""

Provider = Literal["github", "gitlab", "gitea", "bitbucket", "docker"]
"""Whose form a delivery has.

- `github`: GitHub and GitHub Enterprise.
- `gitlab`: GitLab.
- `gitea`: Gitea and Forgejo.
- `bitbucket`: Bitbucket Cloud and Bitbucket Data Center.
- `docker`: Docker Hub and the notifications of a registry.
"""

Reason = Literal[
    "queued",
    "working",
    "resumed",
    "unchanged",
    "healthy",
    "step_failed",
    "unhealthy",
    "deadline_exceeded",
    "rollback_failed",
    "nothing_to_restore",
    "left_in_place",
    "worker_lost",
    "changed_outside",
    "requested",
    "superseded",
]
"""Why a deployment is where it is; for programs, next to the message for people.

- `queued`: It waits for a free slot or for its application's running deployment.
- `working`: A worker works on it.
- `resumed`: A worker took it up again after another one was lost or stopped.
- `unchanged`: Nothing had changed: the running release was verified and kept.
- `healthy`: All replicas are healthy.
- `step_failed`: A step failed before the service was touched.
- `unhealthy`: The new release did not become or stay healthy.
- `deadline_exceeded`: A deadline passed.
- `rollback_failed`: The previous release could not be restored: a person has to look.
- `nothing_to_restore`: There was no release to go back to; the broken service was stopped.
- `left_in_place`: The application is set to be left as it is when a rollout fails.
- `worker_lost`: Its worker was lost three times.
- `changed_outside`: Somebody else changed the service during the rollout.
- `requested`: Somebody asked for it.
- `superseded`: A newer deployment took its place.
"""

ReleaseId = str
"""Identifies a release."""

RestartCondition = Literal["none", "on-failure", "any"]
"""When a task that ended is replaced.

- `none`: Never.
- `on-failure`: When it failed.
- `any`: Always.
"""

ServiceMode = Literal["replicated", "global"]
"""Replicated, or one task on each node.

- `replicated`: As many tasks as `replicas` says.
- `global`: One task on each node.
"""

Status = Literal[
    "pending",
    "cloning",
    "building",
    "pushing",
    "deploying",
    "success",
    "failed",
    "rolled_back",
    "cancelled",
    "superseded",
]
"""Where a deployment stands.

- `pending`: Accepted and waiting for its turn.
- `cloning`: Resolving and fetching the source.
- `building`: Building the image.
- `pushing`: Pushing it.
- `deploying`: Release command, rolling update, wait for health.
- `success`: Every replica runs the new release and stayed healthy for the monitor period.
- `failed`: It failed before touching the service, or restoring failed too.
- `rolled_back`: The rollout failed and the previous release serves again; or a person went back from a success.
- `cancelled`: Stopped on request, after the work has really stopped.
- `superseded`: A newer deployment replaced it in the queue.
"""

Step = Literal[
    "resolve_source",
    "fetch_source",
    "build_image",
    "push_image",
    "run_release_command",
    "apply_service",
    "await_healthy",
    "restore_previous",
]
"""One unit of the saga. Each is idempotent and looks before it acts.

- `resolve_source`: Finds the commit.
- `fetch_source`: Fetches what is missing of it.
- `build_image`: Builds the image.
- `push_image`: Pushes it and learns its digest.
- `run_release_command`: Runs the release command in the new image.
- `apply_service`: Gives Swarm the new specification.
- `await_healthy`: Waits until every task is healthy and stayed so.
- `restore_previous`: Brings the last stable release back, and checks it.
"""

StepStatus = Literal["running", "finished", "skipped", "failed"]
"""Where a step stands.

- `running`: It runs, or its worker was lost.
- `finished`: It is done.
- `skipped`: Nothing had to be done.
- `failed`: It failed.
"""

SupersedePolicy = Literal["queued", "running", "never"]
"""What happens to deployments of the same application when a newer one is accepted.

- `queued`: Those that wait are superseded; a running one finishes first.
- `running`: Those that wait are superseded and a running one is cancelled.
- `never`: All run, in the order of their acceptance.
"""

TeamId = str
"""Identifies a team."""

UpdateOrder = Literal["start-first", "stop-first"]
"""Which goes first when a task is replaced.

- `start-first`: The new task runs and is healthy before the old one stops: no gap.
- `stop-first`: The old task stops before the new one starts: what a host port or a writable volume needs.
"""

UserId = str
"""Identifies a user."""

WorkerId = str
"""Identifies one running engine, in leases and in events."""


__all__ = [
    "ApplicationId",
    "CredentialId",
    "CredentialKind",
    "DatabaseEngine",
    "DatabaseId",
    "DeploymentId",
    "DeploymentKind",
    "DeploymentTrigger",
    "EndpointMode",
    "EnvDelivery",
    "ErrorKind",
    "FailureAction",
    "LogStream",
    "PlanAction",
    "PortMode",
    "ProjectId",
    "Protocol",
    "Provider",
    "Reason",
    "ReleaseId",
    "RestartCondition",
    "ServiceMode",
    "Status",
    "Step",
    "StepStatus",
    "SupersedePolicy",
    "TeamId",
    "UpdateOrder",
    "UserId",
    "WorkerId",
]
