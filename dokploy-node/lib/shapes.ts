// Made by generate.mjs out of the sources of the core. Change those, and run it again.

/** A moment in UTC, as in `2026-01-31T12:00:00.000001Z`. */
export type Timestamp = string;

/** One part of a list, newest first. */
export interface Page<T> {
  /** The items. */
  items: T[];
  /** Where the next part starts; null on the last one. */
  next: string | null;
}

/** An application as it is stored. */
export interface Application {
  /** Identifier. */
  id: ApplicationId;
  /** Grows by one with each change; expected by writes that can race. */
  version: number;
  /** The project that it belongs to. */
  projectId: ProjectId;
  /** Name of its Swarm service: derived from its name once and then kept, at most 63 characters. */
  serviceName: string;
  /** What a person says about it. */
  spec: ApplicationSpec;
  /** Whether it is meant to run; a stopped one keeps its service with no tasks. */
  stopped: boolean;
  /** The release that serves; absent before the first success. */
  currentReleaseId?: ReleaseId | null;
  /** When it was made. */
  createdAt: Timestamp;
  /** When it was last changed. */
  updatedAt: Timestamp;
}

/** Identifies an application. */
export type ApplicationId = string;

/**
 * What a person says about an application. Everything but a name and one source has a default.
 *
 * Exactly one of `gitSource`, `image`, `directory` and `archive` is set.
 */
export interface ApplicationSpec {
  /** Name: lower-case letters, digits and hyphens, 1 to 40 characters, unique within the project. */
  name: string;
  /** A git repository. */
  gitSource?: GitSource | null;
  /** An existing image. */
  image?: string | null;
  /** A directory on the machine of the engine. */
  directory?: string | null;
  /** An uploaded archive in the engine's data directory. */
  archive?: string | null;
  /** Dockerfile, relative to `context`. */
  dockerfile: string;
  /** Directory of the source that is the build context. */
  context: string;
  /** Stage of the Dockerfile to build; unset: the last one. */
  target?: string | null;
  /** Build arguments. They end up in the image's history: no secrets here. */
  buildArgs: Record<string, string>;
  /** Secrets for `RUN --mount=type=secret,id=…`, by id. They reach neither the image nor its history. */
  buildSecrets?: Record<string, EnvValue>;
  /** Memory limit of the build in MiB. Only the classic builder honours it, so that it is used when set. */
  buildMemoryLimit?: number | null;
  /** Processor limit of the build in cores, with the same consequence. */
  buildCpuLimit?: number | null;
  /**
   * Repository to push built images to, without a tag: `registry.example.com/team`. Unset: images stay on this
   * engine, which is enough for a single node.
   */
  registry?: string | null;
  /** Credential for the registry that images are pushed to or pulled from. */
  registryCredentialId?: CredentialId | null;
  /** Environment, in order. */
  envVars: EnvVar[];
  /** Arguments that replace the image's command. */
  command?: string[] | null;
  /** Number of tasks. */
  replicas: number;
  /** Replicated, or one task on each node. */
  mode: ServiceMode;
  /** Published ports. */
  ports: Port[];
  /** Mounted volumes. */
  volumes: Volume[];
  /** In-memory file systems. */
  tmpfs?: Tmpfs[];
  /** Health check; unset: the image's own, if it has one. */
  healthCheck?: HealthCheck | null;
  /** Memory limit in MiB. */
  memoryLimit?: number | null;
  /** Processor limit in cores. */
  cpuLimit?: number | null;
  /** Memory that a node must have free, in MiB. */
  memoryReservation?: number | null;
  /** Cores that a node must have free. */
  cpuReservation?: number | null;
  /** What Swarm does with a task that ends. */
  restart: RestartPolicy;
  /** Labels of the service. `dokploy.` and `com.docker.` names are ours and the engine's. */
  labels: Record<string, string>;
  /** Host names that Traefik routes here. */
  domains: Domain[];
  /** Further networks; every application is in `dokploy-network`. */
  networks: string[];
  /** How the service's name resolves. */
  endpointMode: EndpointMode;
  /** Placement constraints, as in `node.labels.disk==ssd`. */
  constraints?: string[];
  /** User that the process runs as: `uid`, `uid:gid` or a name. Unset: the image's. */
  user?: string | null;
  /** Linux capabilities to take away, as in `NET_RAW` or `ALL`. None can be added. */
  dropCapabilities?: string[];
  /** Whether the root file system is read-only. */
  readOnlyRoot: boolean;
  /** Whether a small init process reaps zombies and passes signals on. */
  init: boolean;
  /** How long a task may take to stop before it is killed. In seconds. */
  stopGrace: number;
  /** How a new release takes over. */
  update: UpdatePolicy;
  /** How long each phase may take. */
  deadlines: Deadlines;
  /** Runs in the new image before the switch, once for each attempt: migrations, for example. */
  releaseCommand?: CommandLine | null;
  /** Whether a push starts a deployment. */
  autoDeploy: boolean;
}

/**
 * What a person says about an application. Everything but a name and one source has a default.
 *
 * Exactly one of `gitSource`, `image`, `directory` and `archive` is set. What may be left out has a default.
 */
export interface ApplicationSpecInput {
  /** Name: lower-case letters, digits and hyphens, 1 to 40 characters, unique within the project. */
  name: string;
  /** A git repository. */
  gitSource?: GitSourceInput | null | undefined;
  /** An existing image. */
  image?: string | null | undefined;
  /** A directory on the machine of the engine. */
  directory?: string | null | undefined;
  /** An uploaded archive in the engine's data directory. */
  archive?: string | null | undefined;
  /** Dockerfile, relative to `context`. Default: Dockerfile. */
  dockerfile?: string | undefined;
  /** Directory of the source that is the build context. Default: .. */
  context?: string | undefined;
  /** Stage of the Dockerfile to build; unset: the last one. */
  target?: string | null | undefined;
  /** Build arguments. They end up in the image's history: no secrets here. */
  buildArgs?: Record<string, string> | undefined;
  /** Secrets for `RUN --mount=type=secret,id=…`, by id. They reach neither the image nor its history. */
  buildSecrets?: Record<string, EnvValue> | undefined;
  /** Memory limit of the build in MiB. Only the classic builder honours it, so that it is used when set. */
  buildMemoryLimit?: number | null | undefined;
  /** Processor limit of the build in cores, with the same consequence. */
  buildCpuLimit?: number | null | undefined;
  /**
   * Repository to push built images to, without a tag: `registry.example.com/team`. Unset: images stay on this
   * engine, which is enough for a single node.
   */
  registry?: string | null | undefined;
  /** Credential for the registry that images are pushed to or pulled from. */
  registryCredentialId?: CredentialId | null | undefined;
  /** Environment, in order. */
  envVars?: EnvVarInput[] | undefined;
  /** Arguments that replace the image's command. */
  command?: string[] | null | undefined;
  /** Number of tasks. Default: 1. */
  replicas?: number | undefined;
  /** Replicated, or one task on each node. Default: replicated. */
  mode?: ServiceMode | undefined;
  /** Published ports. */
  ports?: PortInput[] | undefined;
  /** Mounted volumes. */
  volumes?: VolumeInput[] | undefined;
  /** In-memory file systems. */
  tmpfs?: Tmpfs[] | undefined;
  /** Health check; unset: the image's own, if it has one. */
  healthCheck?: HealthCheckInput | null | undefined;
  /** Memory limit in MiB. */
  memoryLimit?: number | null | undefined;
  /** Processor limit in cores. */
  cpuLimit?: number | null | undefined;
  /** Memory that a node must have free, in MiB. */
  memoryReservation?: number | null | undefined;
  /** Cores that a node must have free. */
  cpuReservation?: number | null | undefined;
  /**
   * What Swarm does with a task that ends. Default:
   * {"condition":"on-failure","delay":5,"maxAttempts":3,"window":120}.
   */
  restart?: RestartPolicyInput | undefined;
  /** Labels of the service. `dokploy.` and `com.docker.` names are ours and the engine's. */
  labels?: Record<string, string> | undefined;
  /** Host names that Traefik routes here. */
  domains?: DomainInput[] | undefined;
  /** Further networks; every application is in `dokploy-network`. */
  networks?: string[] | undefined;
  /** How the service's name resolves. Default: vip. */
  endpointMode?: EndpointMode | undefined;
  /** Placement constraints, as in `node.labels.disk==ssd`. */
  constraints?: string[] | undefined;
  /** User that the process runs as: `uid`, `uid:gid` or a name. Unset: the image's. */
  user?: string | null | undefined;
  /** Linux capabilities to take away, as in `NET_RAW` or `ALL`. None can be added. */
  dropCapabilities?: string[] | undefined;
  /** Whether the root file system is read-only. Default: false. */
  readOnlyRoot?: boolean | undefined;
  /** Whether a small init process reaps zombies and passes signals on. Default: false. */
  init?: boolean | undefined;
  /** How long a task may take to stop before it is killed. Default: 30. In seconds. */
  stopGrace?: number | undefined;
  /**
   * How a new release takes over. Default:
   * {"delay":10,"healthyDeadline":300,"monitor":30,"onFailure":"rollback","parallelism":1,"progressDeadline":600}.
   */
  update?: UpdatePolicyInput | undefined;
  /**
   * How long each phase may take. Default:
   * {"build":1200,"fetch":600,"push":600,"releaseCommand":300,"total":1800}.
   */
  deadlines?: DeadlinesInput | undefined;
  /** Runs in the new image before the switch, once for each attempt: migrations, for example. */
  releaseCommand?: CommandLine | null | undefined;
  /** Whether a push starts a deployment. Default: true. */
  autoDeploy?: boolean | undefined;
}

/** One thing that changes. Values of secrets are shown as `(secret)`. */
export interface Change {
  /** What, in the wire's names: `envVars.PORT`. */
  field: string;
  /** Before; absent: there was nothing. */
  from?: string | null;
  /** After; absent: it is taken away. */
  to?: string | null;
  /** Whether it makes tasks restart. */
  restarts: boolean;
}

/** A command: one text for the image's shell, or the words themselves, which need no shell. */
export type CommandLine = string | string[];

/** A stored credential. The secret part is sealed; reads never return it. */
export interface Credential {
  /** Identifier. */
  id: CredentialId;
  /** What it is for. */
  kind: CredentialKind;
  /** Name for people; unique. */
  name: string;
  /** The only host, with an optional port, that it is ever sent to. */
  host: string;
  /** When it was made. */
  createdAt: Timestamp;
}

/** Identifies a stored git or registry credential. */
export type CredentialId = string;

/** What a credential is for. */
export type CredentialKind =
  /** A git host. */
  | "git"
  /** An image registry. */
  | "registry";

/** The secret part of a credential, in memory only. */
export type CredentialSecret =
  /** User and password, or user and token. */
  | {
      basic: {
        /** User name. */
        username: string;
        /** Password or token. */
        password: string;
      };
    }
  /** A bearer token; git hosts get it as the password of the user `x-access-token`. */
  | {
      token: {
        /** The token. */
        token: string;
      };
    }
  /** An ssh key in OpenSSH or PEM form. */
  | {
      sshKey: {
        /** Private key. */
        privateKey: string;
        /** Passphrase of the key. */
        passphrase?: string | null | undefined;
        /**
         * Accepted host keys in `known_hosts` form, without the host column. At least one is required: an unknown
         * host key is refused.
         */
        hostKeys: string[];
      };
    };

/** How long each phase of a deployment may take. Nothing waits for ever. */
export interface Deadlines {
  /** Resolving and fetching the source. In seconds. */
  fetch: number;
  /** Building the image. In seconds. */
  build: number;
  /** Pushing it. In seconds. */
  push: number;
  /** The release command. In seconds. */
  releaseCommand: number;
  /**
   * The whole deployment, from its first start to its end; restoring the previous release comes on top. In
   * seconds.
   */
  total: number;
}

/** How long each phase of a deployment may take. Nothing waits for ever. What may be left out has a default. */
export interface DeadlinesInput {
  /** Resolving and fetching the source. Default: 600. In seconds. */
  fetch?: number | undefined;
  /** Building the image. Default: 1200. In seconds. */
  build?: number | undefined;
  /** Pushing it. Default: 600. In seconds. */
  push?: number | undefined;
  /** The release command. Default: 300. In seconds. */
  releaseCommand?: number | undefined;
  /**
   * The whole deployment, from its first start to its end; restoring the previous release comes on top. Default:
   * 1800. In seconds.
   */
  total?: number | undefined;
}

/** One attempt to make a release current. Everything that it needs was written down when it was accepted. */
export interface Deployment {
  /** Identifier; later deployments have greater ones. */
  id: DeploymentId;
  /** Its application. */
  applicationId: ApplicationId;
  /** Its application's project. */
  projectId: ProjectId;
  /** Name of the Swarm service. */
  serviceName: string;
  /** Forwards or back. */
  kind: DeploymentKind;
  /** What was asked. */
  request: DeploymentRequest;
  /** The application as it was when the deployment was accepted, secrets sealed. */
  spec: ApplicationSpec;
  /** Which release a rollback goes back to. */
  targetReleaseId?: ReleaseId | null;
  /** Where it stands: the projection of its events. */
  state: DeploymentState;
  /** When it was accepted. */
  createdAt: Timestamp;
  /** When its last event was written. */
  updatedAt: Timestamp;
}

/** Identifies a deployment. Later deployments have greater ids. */
export type DeploymentId = string;

/** Forwards or back. */
export type DeploymentKind =
  /** A new release from the source. */
  | "deploy"
  /** An older release as it was, without a rebuild. */
  | "rollback";

/** What a caller asks for when he deploys. */
export interface DeploymentRequest {
  /** Branch or full reference instead of the application's. */
  branch?: string | null;
  /** Exact commit, 40 hexadecimal digits, instead of the head of the branch. */
  commitSha?: string | null;
  /** A line for people. */
  title?: string | null;
  /** Builds and restarts even when neither commit nor configuration changed. */
  force: boolean;
  /** What started it. */
  trigger: DeploymentTrigger;
  /** Who asked. */
  actor?: string | null;
  /** What happens to deployments of the same application that still wait. */
  supersede: SupersedePolicy;
}

/** What a caller asks for when he deploys. What may be left out has a default. */
export interface DeploymentRequestInput {
  /** Branch or full reference instead of the application's. */
  branch?: string | null | undefined;
  /** Exact commit, 40 hexadecimal digits, instead of the head of the branch. */
  commitSha?: string | null | undefined;
  /** A line for people. */
  title?: string | null | undefined;
  /** Builds and restarts even when neither commit nor configuration changed. Default: false. */
  force?: boolean | undefined;
  /** What started it. Default: api. */
  trigger?: DeploymentTrigger | undefined;
  /** Who asked. */
  actor?: string | null | undefined;
  /** What happens to deployments of the same application that still wait. Default: queued. */
  supersede?: SupersedePolicy | undefined;
}

/** Where a deployment stands: a function of its events and of nothing else. */
export interface DeploymentState {
  /** Number of the last event. */
  seq: number;
  /** Status. */
  status: Status;
  /** Why, for programs. */
  reason: Reason;
  /** Why, for people. */
  message: string;
  /** 0 to 100; never falls. */
  progress: number;
  /** What failed. */
  failure?: Failure | null;
  /** How many workers have tried. */
  attempt: number;
  /** Epoch of the last worker. */
  epoch: number;
  /** Whether somebody asked to cancel it. */
  cancelRequested: boolean;
  /** The steps that were begun. */
  steps: Partial<Record<Step, StepRecord>>;
  /** The release that was made. */
  releaseId?: ReleaseId | null;
  /** The deployment that replaced it. */
  supersededBy?: DeploymentId | null;
  /** Whether the watch after the deployment has reported too few healthy replicas. */
  degraded: boolean;
  /** Whether the watch has reported an outside change. */
  drifted: boolean;
  /** When a worker first took it. */
  startedAt?: Timestamp | null;
  /** When it became terminal. */
  finishedAt?: Timestamp | null;
}

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

/** A host name that Traefik routes to the application. */
export interface Domain {
  /** DNS name; no pattern. */
  host: string;
  /** Port in the container that answers. */
  port: number;
  /** Path prefix; unset: the whole host. */
  path?: string | null;
  /** Whether it is served over TLS (plain http is then redirected). */
  https: boolean;
  /** Traefik certificate resolver; unset: the default certificate. */
  certificateResolver?: string | null;
  /** Redirects `www.<host>` to `<host>`. */
  redirectWww: boolean;
}

/** A host name that Traefik routes to the application. What may be left out has a default. */
export interface DomainInput {
  /** DNS name; no pattern. */
  host: string;
  /** Port in the container that answers. */
  port: number;
  /** Path prefix; unset: the whole host. */
  path?: string | null | undefined;
  /** Whether it is served over TLS (plain http is then redirected). Default: false. */
  https?: boolean | undefined;
  /** Traefik certificate resolver; unset: the default certificate. */
  certificateResolver?: string | null | undefined;
  /** Redirects `www.<host>` to `<host>`. Default: false. */
  redirectWww?: boolean | undefined;
}

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

/**
 * A value in clear, a secret that was just handed in, or a secret as it is stored.
 *
 * On the wire: a string is a value in clear, `{"secret": "…"}` a new secret, and `{"keyId": "…", "sealed": "…"}`
 * a stored one. A new secret is never written: it is sealed first.
 */
export type EnvValue = string | { secret: string } | SealedSecret;

/** One variable of the environment. */
export interface EnvVar {
  /** Name: letters, digits and underscores, not starting with a digit. */
  key: string;
  /** Value. */
  value: EnvValue;
  /** How the process gets it. */
  delivery: EnvDelivery;
}

/** One variable of the environment. What may be left out has a default. */
export interface EnvVarInput {
  /** Name: letters, digits and underscores, not starting with a digit. */
  key: string;
  /** Value. */
  value: EnvValue;
  /** How the process gets it. Default: env. */
  delivery?: EnvDelivery | undefined;
}

/** What kind of thing went wrong. Flat and stable: every front end maps these codes and nothing else. */
export type ErrorKind =
  /** The thing does not exist, or the caller may not know that it does. */
  | "not_found"
  /** A thing with this name or key exists already. */
  | "already_exists"
  /** Somebody else changed the thing since the caller read it. */
  | "conflict"
  /** The input is well-formed but breaks a rule; see `Error::violations`. */
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

/** One fact about a deployment. */
export type Event = {
  /** The deployment. */
  deploymentId: DeploymentId;
  /** Position in its log, from 1, without gaps. */
  seq: number;
  /** When it was written. */
  at: Timestamp;
} & (
  /** It was accepted: durable from here on. */
  | {
      type: "accepted";
      /** Forwards or back. */
      kind: DeploymentKind;
      /** What started it. */
      trigger: DeploymentTrigger;
      /** Who asked. */
      actor?: string | null;
    }
  /** A worker took it, for the first time or again. */
  | {
      type: "claimed";
      /** The worker. */
      worker: WorkerId;
      /** Fences every write of this worker. */
      epoch: number;
      /** How many workers have tried, this one included. */
      attempt: number;
    }
  /** A step began. The same step may begin again after a crash. */
  | {
      type: "step_started";
      /** Which. */
      step: Step;
    }
  /** Something to see within a step. */
  | {
      type: "step_progressed";
      /** Which. */
      step: Step;
      /** Share of the step that is done, 0 to 100. */
      percent: number;
      /** For people. */
      message: string;
      /** The tasks of the rollout, where the step has any. */
      tasks?: TaskView[];
      /**
       * How long all tasks still have to stay healthy, counted from this event; absent while some are not
       * healthy. In seconds.
       */
      monitoring?: number | null;
    }
  /** A step is done. Its output is all that later steps know of it. */
  | {
      type: "step_finished";
      /** Which. */
      step: Step;
      /** What it found or made. */
      output: StepOutput;
    }
  /** A step failed. The saga goes on with restoring, or ends. */
  | {
      type: "step_failed";
      /** Which. */
      step: Step;
      /** Why. */
      failure: Failure;
    }
  /** Something that the caller should know, but that stops nothing. */
  | {
      type: "warned";
      /** For people. */
      message: string;
    }
  /** Somebody asked to cancel it. */
  | {
      type: "cancel_requested";
      /** Who. */
      actor?: string | null;
    }
  /** A worker that stops handed it back; another one goes on. */
  | {
      type: "handed_back";
      /** The worker. */
      worker: WorkerId;
    }
  /** Terminal: every replica runs the release and stayed healthy. */
  | {
      type: "succeeded";
      /** The release that is now current. */
      releaseId: ReleaseId;
      /** `healthy`, or `unchanged` when nothing had to be done. */
      reason: Reason;
    }
  /** Terminal: it failed. */
  | {
      type: "failed";
      /** Why, for programs. */
      reason: Reason;
      /** Why. */
      failure: Failure;
    }
  /**
   * Terminal: the rollout failed and the previous release serves again, verified. Also the one event that may
   * follow a success, when a person goes back.
   */
  | {
      type: "rolled_back";
      /** Why, for programs. */
      reason: Reason;
      /** The release that serves. */
      releaseId?: ReleaseId | null;
      /** What made it necessary; absent when a person asked. */
      failure?: Failure | null;
      /** The deployment that went back, when a person asked. */
      by?: DeploymentId | null;
    }
  /** Terminal: the work has stopped, and the service is as it was. */
  | {
      type: "cancelled";
      /** For people. */
      message: string;
    }
  /** Terminal: a newer deployment took its place in the queue. */
  | {
      type: "superseded";
      /** Which. */
      by: DeploymentId;
    }
  /** After a success: fewer replicas are healthy than should be. */
  | {
      type: "degraded";
      /** What was seen. */
      message: string;
      /** The tasks. */
      tasks?: TaskView[];
    }
  /** After a success: all replicas are healthy again. */
  | {
      type: "recovered";
    }
  /** After a success: somebody else changed the service. It is reported, never overwritten. */
  | {
      type: "drifted";
      /** What differs. */
      message: string;
    }
);

/**
 * What failed, on which step, why, what was seen, and what to do next. Holds no secret: every text in it went
 * through the masker.
 */
export interface Failure {
  /** The step; absent when it failed between steps. */
  step?: Step | null;
  /** Stable code. */
  code: ErrorKind;
  /** One sentence for people. */
  message: string;
  /** The cause chain, outermost first. */
  causes?: string[];
  /** The last log lines of the failing task, its exit code or its last probe output; the last lines of the build. */
  evidence?: string[];
  /** The next action. */
  hint?: string | null;
}

/** What happens when a rollout fails. */
export type FailureAction =
  /** The last stable release is restored and checked. */
  | "rollback"
  /** The service is left as it is, for a person to look at. */
  | "pause";

/** A git repository and what of it is deployed. */
export interface GitSource {
  /**
   * `https://`, `http://`, `ssh://`, `user@host:path` or, where the embedder allows it, `file://`. Never holds
   * credentials: they are stored apart.
   */
  repoUrl: string;
  /** Branch, or a tag by its full name `refs/tags/…`. Unset: what the remote's `HEAD` names. */
  branch?: string | null;
  /** Credential to use for this host. */
  credentialId?: CredentialId | null;
  /** Whether submodules belong to the tree. */
  submodules: boolean;
  /** Glob patterns; a push that touches none of them starts no deployment. Empty: every push does. */
  watchPaths?: string[];
}

/** A git repository and what of it is deployed. What may be left out has a default. */
export interface GitSourceInput {
  /**
   * `https://`, `http://`, `ssh://`, `user@host:path` or, where the embedder allows it, `file://`. Never holds
   * credentials: they are stored apart.
   */
  repoUrl: string;
  /** Branch, or a tag by its full name `refs/tags/…`. Unset: what the remote's `HEAD` names. */
  branch?: string | null | undefined;
  /** Credential to use for this host. */
  credentialId?: CredentialId | null | undefined;
  /** Whether submodules belong to the tree. Default: false. */
  submodules?: boolean | undefined;
  /** Glob patterns; a push that touches none of them starts no deployment. Empty: every push does. */
  watchPaths?: string[] | undefined;
}

/** How the engine finds out whether a task is healthy. */
export interface HealthCheck {
  /** Exit code 0 is healthy. */
  command: CommandLine;
  /** Time between two probes. In seconds. */
  interval: number;
  /** How long a probe may take. In seconds. */
  timeout: number;
  /** Failures in a row that make it unhealthy. */
  retries: number;
  /** Time at the start during which failures do not count. In seconds. */
  startPeriod?: number | null;
}

/** How the engine finds out whether a task is healthy. What may be left out has a default. */
export interface HealthCheckInput {
  /** Exit code 0 is healthy. */
  command: CommandLine;
  /** Time between two probes. Default: 30. In seconds. */
  interval?: number | undefined;
  /** How long a probe may take. Default: 10. In seconds. */
  timeout?: number | undefined;
  /** Failures in a row that make it unhealthy. Default: 3. */
  retries?: number | undefined;
  /** Time at the start during which failures do not count. In seconds. */
  startPeriod?: number | null | undefined;
}

/** One line of a deployment's own log, masked. */
export interface LogLine {
  /** Number of the line, from 1, without gaps. */
  seq: number;
  /** When it was written. */
  at: Timestamp;
  /** During which step. */
  step: Step;
  /** Which output. */
  stream: LogStream;
  /** The line. */
  text: string;
}

/** Which output a line came from. */
export type LogStream =
  /** Standard output. */
  | "stdout"
  /** Standard error. */
  | "stderr"
  /** Said by the engine itself. */
  | "system";

/** What a deployment would do, made without changing anything. Holds names of secrets, never values. */
export interface Plan {
  /** Digest of everything that the plan rests on. Deploying with it fails with `conflict` when that has changed. */
  digest: string;
  /** What happens to the service. */
  action: PlanAction;
  /** Commit or tree that would be deployed. */
  revision?: string | null;
  /** Image that would run. */
  image: string;
  /** Whether it would be built, and with which builder; absent: it is there already. */
  build?: string | null;
  /** What changes in the service. */
  changes: Change[];
  /** How many tasks restart. */
  restarts: number;
  /** Which goes first. */
  order: UpdateOrder;
  /** Why that order. */
  orderReason: string;
  /** How long the application is expected not to answer. In seconds. */
  downtime: number;
  /** What cannot be undone: a release command, for example. */
  irreversible: string[];
  /** What the reader should know. */
  warnings: string[];
}

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

/** A port of the container that is published. */
export interface Port {
  /** Port in the container. */
  target: number;
  /** Port outside; unset: the engine picks one. */
  published?: number | null;
  /** Where it is published. */
  mode: PortMode;
  /** Transport. */
  protocol: Protocol;
}

/** A port of the container that is published. What may be left out has a default. */
export interface PortInput {
  /** Port in the container. */
  target: number;
  /** Port outside; unset: the engine picks one. */
  published?: number | null | undefined;
  /** Where it is published. Default: ingress. */
  mode?: PortMode | undefined;
  /** Transport. Default: tcp. */
  protocol?: Protocol | undefined;
}

/** Where a port is published. */
export type PortMode =
  /** On every node, through the routing mesh. */
  | "ingress"
  /** On the node that runs the task. Two tasks cannot share it, hence stop-first updates. */
  | "host";

/** A group of applications. The queue is fair over projects. */
export interface Project {
  /** Identifier. */
  id: ProjectId;
  /** Grows by one with each change; expected by writes that can race. */
  version: number;
  /** Unique among the projects that are not deleted. */
  name: string;
  /** Free text. */
  description: string;
  /** When it was made. */
  createdAt: Timestamp;
  /** When it was last changed. */
  updatedAt: Timestamp;
}

/** Identifies a project. */
export type ProjectId = string;

/** Transport of a port. */
export type Protocol =
  /** TCP. */
  | "tcp"
  /** UDP. */
  | "udp";

/** What waits and what runs. */
export interface QueueStats {
  /** Deployments that wait. */
  waiting: number;
  /** Deployments that a worker has. */
  active: number;
  /** How long the oldest of the waiting ones has waited. In seconds. */
  oldestWait: number;
}

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

/**
 * Image, configuration and resolved environment (secrets sealed) of one deployment. Never changes but for
 * `stableAt` and `retiredAt`.
 */
export interface Release {
  /** Identifier. */
  id: ReleaseId;
  /** Its application. */
  applicationId: ApplicationId;
  /** The deployment that made it. One deployment makes at most one release. */
  deploymentId: DeploymentId;
  /** Human-readable image name, as in `app:1a2b3c4`. */
  image: string;
  /** What is really run: `name@sha256:…` where a registry holds it, or the image id `sha256:…`. */
  imageReference: string;
  /** Digest of the inputs of the build; an equal one needs no build. */
  buildFingerprint?: string | null;
  /** The commit or tree that it was built from; absent for an existing image. */
  revision?: Revision | null;
  /** The application as it was, secrets sealed. */
  spec: ApplicationSpec;
  /** When it was made. */
  createdAt: Timestamp;
  /** When it had proved itself healthy; absent: never. */
  stableAt?: Timestamp | null;
  /** When it left the last ten and lost its protection from clean-up. */
  retiredAt?: Timestamp | null;
}

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

/** What Swarm does with a task that ends. */
export interface RestartPolicy {
  /** When it starts another one. */
  condition: RestartCondition;
  /** How often at most; unset: without end. */
  maxAttempts?: number | null;
  /** How long it waits before. In seconds. */
  delay: number;
  /** Attempts older than this no longer count. In seconds. */
  window: number;
}

/** What Swarm does with a task that ends. What may be left out has a default. */
export interface RestartPolicyInput {
  /** When it starts another one. Default: on-failure. */
  condition?: RestartCondition | undefined;
  /** How often at most; unset: without end. Default: 3. */
  maxAttempts?: number | null | undefined;
  /** How long it waits before. Default: 5. In seconds. */
  delay?: number | undefined;
  /** Attempts older than this no longer count. Default: 120. In seconds. */
  window?: number | undefined;
}

/** A source pinned to one state: a commit, or the digest of a tree. */
export interface Revision {
  /** Full commit id, or the hexadecimal digest of a directory or archive. */
  id: string;
  /** The full reference that was asked for, as in `refs/heads/main`. */
  reference?: string | null;
  /** First line of the commit message. */
  message?: string | null;
  /** Author's name. */
  author?: string | null;
  /** When it was committed. */
  committedAt?: Timestamp | null;
}

/** What the engine is and can do. */
export interface RuntimeInfo {
  /** Version of the engine. */
  version: string;
  /** Version of its API that is spoken. */
  apiVersion: string;
  /** Whether it is in a swarm, as a manager. */
  swarmManager: boolean;
  /** Nodes of the swarm that can run tasks. */
  nodes: number;
  /** Whether builds go through `BuildKit`. */
  buildKit: boolean;
  /** Bytes free where images are kept, where the engine says so. */
  diskFree?: number | null;
}

/** A sealed value as it is stored: unreadable without the key it names. */
export interface SealedSecret {
  /** Which key of the ring sealed it. */
  keyId: string;
  /** Nonce, ciphertext and tag, base64. */
  sealed: string;
}

/** One line of a running service. */
export interface ServiceLogLine {
  /** When it was written, where the engine knows. */
  at?: Timestamp | null;
  /** Identifier of the task. */
  task?: string | null;
  /** Which output. */
  stream: LogStream;
  /** The line, without its end. */
  text: string;
}

/** Replicated, or one task on each node. */
export type ServiceMode =
  /** As many tasks as `replicas` says. */
  | "replicated"
  /** One task on each node. */
  | "global";

/** Use of resources of a service. */
export interface ServiceStats {
  /** Sum of `cpu` over the tasks. */
  cpu: number;
  /** Sum of `memory` over the tasks. */
  memory: number;
  /** Sum of `networkReceived` over the tasks. */
  networkReceived: number;
  /** Sum of `networkSent` over the tasks. */
  networkSent: number;
  /** Each task that runs on this engine. */
  tasks: TaskStats[];
}

/** Where an application's code comes from, resolved from its specification. */
export type Source = 
  /** A git repository. */
  | {
      type: "git";
      /**
       * `https://`, `http://`, `ssh://`, `user@host:path` or, where the embedder allows it, `file://`. Never
       * holds credentials: they are stored apart.
       */
      repoUrl: string;
      /** Branch, or a tag by its full name `refs/tags/…`. Unset: what the remote's `HEAD` names. */
      branch?: string | null;
      /** Credential to use for this host. */
      credentialId?: CredentialId | null;
      /** Whether submodules belong to the tree. */
      submodules: boolean;
      /** Glob patterns; a push that touches none of them starts no deployment. Empty: every push does. */
      watchPaths?: string[];
    }
  /** An image that exists already; nothing is fetched and nothing is built. */
  | {
      type: "image";
      /** Image reference, as in `registry.example.com/team/app:1.2`. */
      reference: string;
    }
  /** A directory on the machine of the engine. */
  | {
      type: "directory";
      /** Absolute path. */
      path: string;
    }
  /** An uploaded tar (optionally gzip) or zip archive in the engine's data directory. */
  | {
      type: "archive";
      /** Path of the archive. */
      path: string;
    };

/** A credential in memory, with the only host that may see it. */
export interface SourceCredential {
  /** Host name, with a port where it is not the scheme's own. */
  host: string;
  /** The secret part. */
  secret: CredentialSecret;
}

/** What is to be fetched, and for whom. */
export interface SourceRequest {
  /** Its mirror is kept under this name. */
  application: ApplicationId;
  /** Where it comes from. */
  source: Source;
  /** Branch or full reference instead of the source's own. */
  branch?: string | null;
  /** Exact commit instead of the head of the branch. */
  commit?: string | null;
  /** Credential, with the only host that may see it. */
  credential?: SourceCredential | null;
}

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

/** What a step found or made, and what later steps need of it. */
export type StepOutput = 
  /** Nothing had to be done. */
  | {
      output: "skipped";
      /** Why. */
      why: string;
    }
  /** Done, with nothing to hand on. */
  | {
      output: "done";
    }
  /** The commit or tree. */
  | {
      output: "resolved";
      /** Which. */
      revision: Revision;
    }
  /** The image. */
  | {
      output: "built";
      /** Its name, as in `app:1a2b3c4`. */
      image: string;
      /** Its id, `sha256:…`. */
      imageId: string;
      /** Digest of the inputs of the build. */
      fingerprint: string;
      /** Whether it was there already. */
      reused: boolean;
    }
  /** What is really run. */
  | {
      output: "pinned";
      /** `name@sha256:…`, or the image id where no registry holds it. */
      imageReference: string;
    }
  /** The service has the new specification. */
  | {
      output: "applied";
      /** The release that was made of it. */
      releaseId: ReleaseId;
      /** Version of the service after it. */
      serviceVersion: number;
      /** Digest of the specification as the engine keeps it; drift is measured against it. */
      specDigest: string;
      /**
       * Value of the `dokploy.rollout` label of the tasks that are verified: those of this deployment, or of an
       * earlier one when nothing restarted.
       */
      rollout: string;
      /** Whether the service was changed at all. */
      changed: boolean;
    }
  /** The release that serves again. */
  | {
      output: "restored";
      /** Which; absent: there was none and the service was stopped or removed. */
      releaseId?: ReleaseId | null;
      /** Digest of the specification as the engine keeps it; drift is measured against it. */
      specDigest?: string | null;
    };

/** One step of a deployment. */
export interface StepRecord {
  /** Where it stands. */
  status: StepStatus;
  /** When it began, the first time. */
  startedAt: Timestamp;
  /** When it ended. */
  finishedAt?: Timestamp | null;
  /** What it found or made. */
  output?: StepOutput | null;
}

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

/** Use of resources of one task. */
export interface TaskStats {
  /** Identifier of the task. */
  task: string;
  /** Cores in use: 1.0 is one core. */
  cpu: number;
  /** Bytes in use, page cache excluded. */
  memory: number;
  /** Limit in bytes; the machine's memory where there is none. */
  memoryLimit: number;
  /** Bytes received since the task started. */
  networkReceived: number;
  /** Bytes sent since the task started. */
  networkSent: number;
}

/** One task of a rollout, as the live view shows it. */
export interface TaskView {
  /** Identifier of the task. */
  id: string;
  /** Slot, from 1; the node's name for a global service. */
  slot: string;
  /** State in the engine's words: `starting`, `running`, `failed` … */
  state: string;
  /** Whether it belongs to the new release. */
  new: boolean;
  /** What the engine says about it. */
  message?: string | null;
}

/** An in-memory file system. */
export interface Tmpfs {
  /** Absolute path in the container. */
  target: string;
  /** Size limit in MiB. */
  sizeLimit?: number | null;
}

/** Which goes first when a task is replaced. */
export type UpdateOrder =
  /** The new task runs and is healthy before the old one stops: no gap. */
  | "start-first"
  /** The old task stops before the new one starts: what a host port or a writable volume needs. */
  | "stop-first";

/** How a new release takes over. */
export interface UpdatePolicy {
  /** Unset: start-first, unless a host port or a writable volume forbids it. */
  order?: UpdateOrder | null;
  /** Tasks replaced at once; at least 1. */
  parallelism: number;
  /** Pause between two batches, when there is more than one replica. In seconds. */
  delay: number;
  /** How long all tasks have to stay healthy before the deployment counts as a success. In seconds. */
  monitor: number;
  /** What happens when it fails. */
  onFailure: FailureAction;
  /** How long the rollout may go without a task becoming healthy. In seconds. */
  progressDeadline: number;
  /** How long one task may take to become healthy. In seconds. */
  healthyDeadline: number;
}

/** How a new release takes over. What may be left out has a default. */
export interface UpdatePolicyInput {
  /** Unset: start-first, unless a host port or a writable volume forbids it. */
  order?: UpdateOrder | null | undefined;
  /** Tasks replaced at once; at least 1. Default: 1. */
  parallelism?: number | undefined;
  /** Pause between two batches, when there is more than one replica. Default: 10. In seconds. */
  delay?: number | undefined;
  /** How long all tasks have to stay healthy before the deployment counts as a success. Default: 30. In seconds. */
  monitor?: number | undefined;
  /** What happens when it fails. Default: rollback. */
  onFailure?: FailureAction | undefined;
  /** How long the rollout may go without a task becoming healthy. Default: 600. In seconds. */
  progressDeadline?: number | undefined;
  /** How long one task may take to become healthy. Default: 300. In seconds. */
  healthyDeadline?: number | undefined;
}

/** One field of an input that breaks a rule. */
export interface Violation {
  /** Path of the field, in the wire's names: `ports[1].target`. */
  field: string;
  /** What is wrong with it and what is expected. */
  message: string;
}

/** A named volume in the container. Host paths cannot be mounted. */
export interface Volume {
  /** Name of the volume. */
  source: string;
  /** Absolute path in the container. */
  target: string;
  /** A writable volume means stop-first updates and one task. */
  readOnly: boolean;
}

/** A named volume in the container. Host paths cannot be mounted. What may be left out has a default. */
export interface VolumeInput {
  /** Name of the volume. */
  source: string;
  /** Absolute path in the container. */
  target: string;
  /** A writable volume means stop-first updates and one task. Default: false. */
  readOnly?: boolean | undefined;
}

/** Identifies one running engine, in leases and in events. */
export type WorkerId = string;

/** The options of an engine that are plain data. Everything has a default. */
export interface PlainOptions {
  /** Directory of everything that is kept; made when it is missing. Default: dokploy-data. */
  dataDir?: string | undefined;
  /** `postgres://…` or `sqlite://…`. Unset: an SQLite file in the data directory. */
  databaseUrl?: string | null | undefined;
  /** `redis://…`, over which several engines on one database wake each other up. Unset: they poll. */
  redisUrl?: string | null | undefined;
  /** Address of the container engine, as `DOCKER_HOST` has it. Unset: the local socket. */
  dockerHost?: string | null | undefined;
  /** Directory with `ca.pem`, `cert.pem` and `key.pem` for a container engine that speaks TLS. */
  dockerCertPath?: string | null | undefined;
  /** One or more keys of 32 bytes in base64 that seal secrets; the first one seals. Unset: a key file. */
  secretKey?: string | null | undefined;
  /** File of the key; made when it is missing. Unset: `secret.key` in the data directory. */
  secretKeyFile?: string | null | undefined;
  /** Whether sources at loopback and private addresses may be reached. Default: false. */
  allowPrivate?: boolean | undefined;
  /** Address ranges that may be reached whatever they are: `10.1.0.0/16`. */
  allowedRanges?: string[] | undefined;
  /** Hosts that may be reached whatever they resolve to: `git.internal`, or `*.internal`. */
  allowedHosts?: string[] | undefined;
  /** Whether directories, archives and `file://` repositories of this machine may be sources. Default: false. */
  localSources?: boolean | undefined;
  /**
   * Deployments that this engine works on at once. 0: it works on none, and only accepts and shows them. Default:
   * 3.
   */
  concurrency?: number | undefined;
  /** New deployments that this engine starts within a minute. Resumed ones do not count. Default: 10. */
  startsPerMinute?: number | undefined;
  /** Deployments that may wait, over all applications. Default: 100000. */
  queueMax?: number | undefined;
  /** How long a claim lasts without a renewal, in seconds. Default: 30. */
  lease?: number | undefined;
  /** How often a claim is renewed, and a cancellation from another process seen, in seconds. Default: 3. */
  leaseRenewal?: number | undefined;
  /** How often the queue is looked at when nothing wakes the engine up, in seconds. Default: 2. */
  pollInterval?: number | undefined;
  /** Workers that a deployment may lose before it fails. Default: 3. */
  attemptsMax?: number | undefined;
  /** Most bytes of a build context. Default: 2147483648. */
  contextBytesMax?: number | undefined;
  /** How often running services are looked at for failures and outside changes, in seconds. 0: never. Default: 10. */
  watchInterval?: number | undefined;
  /** Whether the container engine may be made a single-node swarm when it is in none. Default: false. */
  initialiseSwarm?: boolean | undefined;
  /** Network that every application is in. Default: dokploy-network. */
  network?: string | undefined;
}

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
