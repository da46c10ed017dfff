// Made by generate.mjs out of the sources of the core. Change those, and run it again.

import type {
  Timestamp,
  ApplicationId,
  CredentialId,
  CredentialKind,
  DeploymentId,
  LogStream,
  PlanAction,
  ProjectId,
  Step,
  UpdateOrder,
} from "./names.js";

/** One part of a list, newest first. */
export interface Page<T> {
  /** The items. */
  items: T[];
  /** Where the next part starts; null on the last one. */
  next: string | null;
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

/** A stored credential. The secret part is sealed; reads never return it. */
export interface Credential {
  /** Identifier. */
  id: CredentialId;
  /** The project whose applications alone may use it; absent: an administrator gives it to applications. */
  projectId?: ProjectId | null;
  /** What it is for. */
  kind: CredentialKind;
  /** Name for people; unique within its project. */
  name: string;
  /** The only host, with an optional port, that it is ever sent to. */
  host: string;
  /** When it was made. */
  createdAt: Timestamp;
}

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

/** How to connect to a database from within the swarm. */
export interface DatabaseConnection {
  /** All of it in one text, as drivers take it. */
  url: string;
  /** Host name in the common network. */
  host: string;
  /** Port. */
  port: number;
  /** User. */
  username: string;
  /** Password. */
  password: string;
  /** Name of the database within the server. */
  database: string;
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

/** What waits and what runs. */
export interface QueueStats {
  /** Deployments that wait. */
  waiting: number;
  /** Deployments that a worker has. */
  active: number;
  /** How long the oldest of the waiting ones has waited. In seconds. */
  oldestWait: number;
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
  /** Sum of `receiveRate` over the tasks. */
  receiveRate: number;
  /** Sum of `sendRate` over the tasks. */
  sendRate: number;
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
  /** Bytes received in a second, just now. */
  receiveRate: number;
  /** Bytes sent in a second, just now. */
  sendRate: number;
}

/** One field of an input that breaks a rule. */
export interface Violation {
  /** Path of the field, in the wire's names: `ports[1].target`. */
  field: string;
  /** What is wrong with it and what is expected. */
  message: string;
}

/** What became of a delivery. */
export interface WebhookAnswer {
  /** The deployments that it started; those that it started before when it was sent again. */
  deployments: DeploymentId[];
  /** Why it started none. */
  ignored?: string | null;
}
