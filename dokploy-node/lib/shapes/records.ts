// Made by generate.mjs out of the sources of the core. Change those, and run it again.

import type {
  Timestamp,
  ApplicationId,
  DatabaseEngine,
  DatabaseId,
  DeploymentId,
  DeploymentKind,
  DeploymentTrigger,
  ProjectId,
  Reason,
  ReleaseId,
  Status,
  Step,
  StepStatus,
  SupersedePolicy,
  TeamId,
  UserId,
} from "./names.js";
import type {
  ApplicationSpec,
} from "./specification.js";
import type {
  Failure,
  Revision,
  StepOutput,
} from "./events.js";

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
  /** The database that it runs. Such an application is not listed among the others. */
  databaseId?: DatabaseId | null;
  /** When it was made. */
  createdAt: Timestamp;
  /** When it was last changed. */
  updatedAt: Timestamp;
}

/** A database as it is stored. An application of its own runs it, with everything that the engine promises of one. */
export interface Database {
  /** Identifier. */
  id: DatabaseId;
  /** Grows by one with each change; expected by writes that can race. */
  version: number;
  /** The project that it belongs to. */
  projectId: ProjectId;
  /** Name of the database and of its application, unique within the project. */
  name: string;
  /** Which database. */
  engine: DatabaseEngine;
  /** The image that it runs. */
  image: string;
  /** The application that runs it. */
  applicationId: ApplicationId;
  /** When it was made. */
  createdAt: Timestamp;
  /** When it was last changed. */
  updatedAt: Timestamp;
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
  /** The push that started it. */
  push?: PushRef | null;
  /** What happens to deployments of the same application that still wait. */
  supersede: SupersedePolicy;
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
  /** Whose it is; absent where an embedder without users made it. */
  ownerId?: UserId | null;
  /** The team whose members see it, too. */
  teamId?: TeamId | null;
  /** When it was made. */
  createdAt: Timestamp;
  /** When it was last changed. */
  updatedAt: Timestamp;
}

/** What a deployment remembers of the push that started it. */
export interface PushRef {
  /** Full name of the reference, or the tag of an image. */
  reference: string;
  /** Commit before. */
  before?: string | null;
  /** Commit after, or the digest of an image. */
  after?: string | null;
  /** When the provider took it. */
  pushedAt?: Timestamp | null;
}

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
