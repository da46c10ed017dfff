// Made by generate.mjs out of the sources of the core. Change those, and run it again.

import type {
  CredentialId,
  DeploymentTrigger,
  EndpointMode,
  EnvDelivery,
  FailureAction,
  PortMode,
  Protocol,
  RestartCondition,
  ServiceMode,
  SupersedePolicy,
  UpdateOrder,
} from "./names.js";
import type {
  CommandLine,
  EnvValue,
  Tmpfs,
} from "./specification.js";
import type {
  PushRef,
} from "./records.js";

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
  /** The push that started it. */
  push?: PushRef | null | undefined;
  /** What happens to deployments of the same application that still wait. Default: queued. */
  supersede?: SupersedePolicy | undefined;
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

/** One variable of the environment. What may be left out has a default. */
export interface EnvVarInput {
  /** Name: letters, digits and underscores, not starting with a digit. */
  key: string;
  /** Value. */
  value: EnvValue;
  /** How the process gets it. Default: env. */
  delivery?: EnvDelivery | undefined;
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

/** A named volume in the container. Host paths cannot be mounted. What may be left out has a default. */
export interface VolumeInput {
  /** Name of the volume. */
  source: string;
  /** Absolute path in the container. */
  target: string;
  /** A writable volume means stop-first updates and one task. Default: false. */
  readOnly?: boolean | undefined;
}

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
