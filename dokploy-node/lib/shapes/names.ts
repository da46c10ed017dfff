// Made by generate.mjs out of the sources of the core. Change those, and run it again.

/** A moment in UTC, as in `2026-01-31T12:00:00.000001Z`. */
export type Timestamp = string;

/** Identifies an application. */
export type ApplicationId = string;

/** Identifies a stored git or registry credential. */
export type CredentialId = string;

/** What a credential is for. */
export type CredentialKind =
  /** A git host. */
  | "git"
  /** An image registry. */
  | "registry";

/** Which database. */
export type DatabaseEngine =
  /** `PostgreSQL`. */
  | "postgres"
  /** `MySQL`. */
  | "mysql"
  /** `MariaDB`. */
  | "mariadb"
  /** `MongoDB`. */
  | "mongo"
  /** `Redis`. */
  | "redis";

/** Identifies a database. */
export type DatabaseId = string;

/** Identifies a deployment. Later deployments have greater ids. */
export type DeploymentId = string;

/** Forwards or back. */
export type DeploymentKind =
  /** A new release from the source. */
  | "deploy"
  /** An older release as it was, without a rebuild. */
  | "rollback";

/** What started a deployment. */
export type DeploymentTrigger =
  /** A call of the API, in process or over HTTP. */
  | "api"
  /** A push or a registry event. */
  | "webhook"
  /** The command line. */
  | "cli"
  /** A person who went back. */
  | "rollback";

/** How the name of a service resolves within its networks. */
export type EndpointMode =
  /** To one virtual address, balanced by the kernel. */
  | "vip"
  /** To the addresses of all tasks. */
  | "dnsrr";

/** How a process gets a variable. */
export type EnvDelivery =
  /** In its environment. */
  | "env"
  /** As the file `/run/secrets/<key>`, a Swarm secret. */
  | "file";

/** What kind of thing went wrong. Flat and stable: every front end maps these codes and nothing else. */
export type ErrorKind =
  /** The thing does not exist, or the caller may not know that it does. */
  | "not_found"
  /** A thing with this name or key exists already. */
  | "already_exists"
  /** Somebody else changed the thing since the caller read it. */
  | "conflict"
  /** The input is well-formed but breaks a rule; see `Error.violations`. */
  | "invalid_spec"
  /** Nobody is signed in. */
  | "unauthenticated"
  /** Somebody is signed in who may not do this. */
  | "permission_denied"
  /** The backend, or this build of the crate, cannot do it. */
  | "unsupported"
  /** Too many requests. */
  | "rate_limited"
  /** A backend is away or busy. */
  | "unavailable"
  /** A deadline passed. */
  | "timed_out"
  /** The source could not be resolved or fetched. */
  | "source_failed"
  /** The build, or the push of its image, failed. */
  | "build_failed"
  /** The new version did not become or stay healthy. */
  | "unhealthy"
  /** The work was cancelled. */
  | "cancelled"
  /** This worker no longer owns the deployment; another one does. */
  | "lease_lost"
  /** A bug or a broken invariant. */
  | "unexpected";

/** What happens when a rollout fails. */
export type FailureAction =
  /** The last stable release is restored and checked. */
  | "rollback"
  /** The service is left as it is, for a person to look at. */
  | "pause";

/** Which output a line came from. */
export type LogStream =
  /** Standard output. */
  | "stdout"
  /** Standard error. */
  | "stderr"
  /** Said by the engine itself. */
  | "system";

/** What happens to the service. */
export type PlanAction =
  /** There is none yet. */
  | "create"
  /** It is updated in place. */
  | "update"
  /** Swarm refuses an update in place (mode or name): it is removed and created anew. */
  | "replace"
  /** Nothing changes. */
  | "nothing";

/** Where a port is published. */
export type PortMode =
  /** On every node, through the routing mesh. */
  | "ingress"
  /** On the node that runs the task. Two tasks cannot share it, hence stop-first updates. */
  | "host";

/** Identifies a project. */
export type ProjectId = string;

/** Transport of a port. */
export type Protocol =
  /** TCP. */
  | "tcp"
  /** UDP. */
  | "udp";

/** Whose form a delivery has. */
export type Provider =
  /** GitHub and GitHub Enterprise. */
  | "github"
  /** GitLab. */
  | "gitlab"
  /** Gitea and Forgejo. */
  | "gitea"
  /** Bitbucket Cloud and Bitbucket Data Center. */
  | "bitbucket"
  /** Docker Hub and the notifications of a registry. */
  | "docker";

/** Why a deployment is where it is; for programs, next to the message for people. */
export type Reason =
  /** It waits for a free slot or for its application's running deployment. */
  | "queued"
  /** A worker works on it. */
  | "working"
  /** A worker took it up again after another one was lost or stopped. */
  | "resumed"
  /** Nothing had changed: the running release was verified and kept. */
  | "unchanged"
  /** All replicas are healthy. */
  | "healthy"
  /** A step failed before the service was touched. */
  | "step_failed"
  /** The new release did not become or stay healthy. */
  | "unhealthy"
  /** A deadline passed. */
  | "deadline_exceeded"
  /** The previous release could not be restored: a person has to look. */
  | "rollback_failed"
  /** There was no release to go back to; the broken service was stopped. */
  | "nothing_to_restore"
  /** The application is set to be left as it is when a rollout fails. */
  | "left_in_place"
  /** Its worker was lost three times. */
  | "worker_lost"
  /** Somebody else changed the service during the rollout. */
  | "changed_outside"
  /** Somebody asked for it. */
  | "requested"
  /** A newer deployment took its place. */
  | "superseded";

/** Identifies a release. */
export type ReleaseId = string;

/** When a task that ended is replaced. */
export type RestartCondition =
  /** Never. */
  | "none"
  /** When it failed. */
  | "on-failure"
  /** Always. */
  | "any";

/** Replicated, or one task on each node. */
export type ServiceMode =
  /** As many tasks as `replicas` says. */
  | "replicated"
  /** One task on each node. */
  | "global";

/** Where a deployment stands. */
export type Status =
  /** Accepted and waiting for its turn. */
  | "pending"
  /** Resolving and fetching the source. */
  | "cloning"
  /** Building the image. */
  | "building"
  /** Pushing it. */
  | "pushing"
  /** Release command, rolling update, wait for health. */
  | "deploying"
  /** Every replica runs the new release and stayed healthy for the monitor period. */
  | "success"
  /** It failed before touching the service, or restoring failed too. */
  | "failed"
  /** The rollout failed and the previous release serves again; or a person went back from a success. */
  | "rolled_back"
  /** Stopped on request, after the work has really stopped. */
  | "cancelled"
  /** A newer deployment replaced it in the queue. */
  | "superseded";

/** One unit of the saga. Each is idempotent and looks before it acts. */
export type Step =
  /** Finds the commit. */
  | "resolve_source"
  /** Fetches what is missing of it. */
  | "fetch_source"
  /** Builds the image. */
  | "build_image"
  /** Pushes it and learns its digest. */
  | "push_image"
  /** Runs the release command in the new image. */
  | "run_release_command"
  /** Gives Swarm the new specification. */
  | "apply_service"
  /** Waits until every task is healthy and stayed so. */
  | "await_healthy"
  /** Brings the last stable release back, and checks it. */
  | "restore_previous";

/** Where a step stands. */
export type StepStatus =
  /** It runs, or its worker was lost. */
  | "running"
  /** It is done. */
  | "finished"
  /** Nothing had to be done. */
  | "skipped"
  /** It failed. */
  | "failed";

/** What happens to deployments of the same application when a newer one is accepted. */
export type SupersedePolicy =
  /** Those that wait are superseded; a running one finishes first. */
  | "queued"
  /** Those that wait are superseded and a running one is cancelled. */
  | "running"
  /** All run, in the order of their acceptance. */
  | "never";

/** Identifies a team. */
export type TeamId = string;

/** Which goes first when a task is replaced. */
export type UpdateOrder =
  /** The new task runs and is healthy before the old one stops: no gap. */
  | "start-first"
  /** The old task stops before the new one starts: what a host port or a writable volume needs. */
  | "stop-first";

/** Identifies a user. */
export type UserId = string;

/** Identifies one running engine, in leases and in events. */
export type WorkerId = string;

/** Every code of an error. */
export const ERROR_CODES = [
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
] as const satisfies readonly ErrorKind[];
