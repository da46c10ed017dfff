// Made by generate.mjs out of the sources of the core. Change those, and run it again.

import type {
  CredentialId,
  EndpointMode,
  EnvDelivery,
  FailureAction,
  PortMode,
  Protocol,
  RestartCondition,
  ServiceMode,
  UpdateOrder,
} from "./names.js";

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

/** A command: one text for the image's shell, or the words themselves, which need no shell. */
export type CommandLine = string | string[];

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

/** A sealed value as it is stored: unreadable without the key it names. */
export interface SealedSecret {
  /** Which key of the ring sealed it. */
  keyId: string;
  /** Nonce, ciphertext and tag, base64. */
  sealed: string;
}

/** An in-memory file system. */
export interface Tmpfs {
  /** Absolute path in the container. */
  target: string;
  /** Size limit in MiB. */
  sizeLimit?: number | null;
}

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

/** A named volume in the container. Host paths cannot be mounted. */
export interface Volume {
  /** Name of the volume. */
  source: string;
  /** Absolute path in the container. */
  target: string;
  /** A writable volume means stop-first updates and one task. */
  readOnly: boolean;
}
