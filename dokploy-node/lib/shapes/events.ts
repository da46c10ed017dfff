// Made by generate.mjs out of the sources of the core. Change those, and run it again.

import type {
  Timestamp,
  DeploymentId,
  DeploymentKind,
  DeploymentTrigger,
  ErrorKind,
  Reason,
  ReleaseId,
  Step,
  WorkerId,
} from "./names.js";

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
