"""What happens to a deployment, one class for each kind."""

# Made by dokploy-py/codegen of tests/parity/*.json; changes here are lost.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from ._shape import Shape, fill, make, maybe, read_time
from .names import DeploymentId, DeploymentKind, DeploymentTrigger, ErrorKind, Reason, ReleaseId, Step, WorkerId
from .outputs import StepOutput


class Failure(Shape):
    """What failed, on which step, why, what was seen, and what to do next. Holds no secret: every text in it went
    through the masker.
    """

    step: Step | None
    """The step; absent when it failed between steps."""
    code: ErrorKind
    """Stable code."""
    message: str
    """One sentence for people."""
    causes: tuple[str, ...]
    """The cause chain, outermost first."""
    evidence: tuple[str, ...]
    """The last log lines of the failing task, its exit code or its last probe output; the last lines of the build.
    """
    hint: str | None
    """The next action."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "step": "step",
        "code": "code",
        "message": "message",
        "causes": "causes",
        "evidence": "evidence",
        "hint": "hint",
    }

    def __init__(
        self,
        step: Step | None,
        code: ErrorKind,
        message: str,
        causes: Sequence[str],
        evidence: Sequence[str],
        hint: str | None,
    ) -> None:
        fill(
            self,
            {
                "step": step,
                "code": code,
                "message": message,
                "causes": tuple(causes),
                "evidence": tuple(evidence),
                "hint": hint,
            },
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Failure:
        return make(
            Failure,
            {
                "step": data.get("step"),
                "code": data["code"],
                "message": data["message"],
                "causes": tuple(data.get("causes", ())),
                "evidence": tuple(data.get("evidence", ())),
                "hint": data.get("hint"),
            },
        )


class TaskView(Shape):
    """One task of a rollout, as the live view shows it."""

    id: str
    """Identifier of the task."""
    slot: str
    """Slot, from 1; the node's name for a global service."""
    state: str
    """State in the engine's words: `starting`, `running`, `failed` …"""
    new: bool
    """Whether it belongs to the new release."""
    message: str | None
    """What the engine says about it."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "id": "id",
        "slot": "slot",
        "state": "state",
        "new": "new",
        "message": "message",
    }

    def __init__(self, id: str, slot: str, state: str, new: bool, message: str | None) -> None:
        fill(self, {"id": id, "slot": slot, "state": state, "new": new, "message": message})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TaskView:
        return make(
            TaskView,
            {
                "id": data["id"],
                "slot": data["slot"],
                "state": data["state"],
                "new": data["new"],
                "message": data.get("message"),
            },
        )


class Event(Shape):
    """One fact about a deployment."""

    deployment_id: DeploymentId
    """The deployment."""
    seq: int
    """Position in its log, from 1, without gaps."""
    at: datetime
    """When it was written."""
    type: ClassVar[str]
    """What tells them apart."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Event:
        return _EVENT[data["type"]].from_dict(data)


class Accepted(Event):
    """It was accepted: durable from here on."""

    deployment_id: DeploymentId
    """The deployment."""
    seq: int
    """Position in its log, from 1, without gaps."""
    at: datetime
    """When it was written."""
    kind: DeploymentKind
    """Forwards or back."""
    trigger: DeploymentTrigger
    """What started it."""
    actor: str | None
    """Who asked."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "deployment_id": "deploymentId",
        "seq": "seq",
        "at": "at",
        "kind": "kind",
        "trigger": "trigger",
        "actor": "actor",
    }
    type: ClassVar[str] = "accepted"
    _TAG: ClassVar[Mapping[str, str]] = {"type": "accepted"}

    def __init__(
        self,
        deployment_id: DeploymentId,
        seq: int,
        at: datetime,
        kind: DeploymentKind,
        trigger: DeploymentTrigger,
        actor: str | None,
    ) -> None:
        fill(
            self,
            {"deployment_id": deployment_id, "seq": seq, "at": at, "kind": kind, "trigger": trigger, "actor": actor},
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Accepted:
        return make(
            Accepted,
            {
                "deployment_id": data["deploymentId"],
                "seq": data["seq"],
                "at": read_time(data["at"]),
                "kind": data["kind"],
                "trigger": data["trigger"],
                "actor": data.get("actor"),
            },
        )


class Claimed(Event):
    """A worker took it, for the first time or again."""

    deployment_id: DeploymentId
    """The deployment."""
    seq: int
    """Position in its log, from 1, without gaps."""
    at: datetime
    """When it was written."""
    worker: WorkerId
    """The worker."""
    epoch: int
    """Fences every write of this worker."""
    attempt: int
    """How many workers have tried, this one included."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "deployment_id": "deploymentId",
        "seq": "seq",
        "at": "at",
        "worker": "worker",
        "epoch": "epoch",
        "attempt": "attempt",
    }
    type: ClassVar[str] = "claimed"
    _TAG: ClassVar[Mapping[str, str]] = {"type": "claimed"}

    def __init__(
        self, deployment_id: DeploymentId, seq: int, at: datetime, worker: WorkerId, epoch: int, attempt: int
    ) -> None:
        fill(
            self,
            {
                "deployment_id": deployment_id,
                "seq": seq,
                "at": at,
                "worker": worker,
                "epoch": epoch,
                "attempt": attempt,
            },
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Claimed:
        return make(
            Claimed,
            {
                "deployment_id": data["deploymentId"],
                "seq": data["seq"],
                "at": read_time(data["at"]),
                "worker": data["worker"],
                "epoch": data["epoch"],
                "attempt": data["attempt"],
            },
        )


class StepStarted(Event):
    """A step began. The same step may begin again after a crash."""

    deployment_id: DeploymentId
    """The deployment."""
    seq: int
    """Position in its log, from 1, without gaps."""
    at: datetime
    """When it was written."""
    step: Step
    """Which."""

    _WIRE: ClassVar[Mapping[str, str]] = {"deployment_id": "deploymentId", "seq": "seq", "at": "at", "step": "step"}
    type: ClassVar[str] = "step_started"
    _TAG: ClassVar[Mapping[str, str]] = {"type": "step_started"}

    def __init__(self, deployment_id: DeploymentId, seq: int, at: datetime, step: Step) -> None:
        fill(self, {"deployment_id": deployment_id, "seq": seq, "at": at, "step": step})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> StepStarted:
        return make(
            StepStarted,
            {
                "deployment_id": data["deploymentId"],
                "seq": data["seq"],
                "at": read_time(data["at"]),
                "step": data["step"],
            },
        )


class StepProgressed(Event):
    """Something to see within a step."""

    deployment_id: DeploymentId
    """The deployment."""
    seq: int
    """Position in its log, from 1, without gaps."""
    at: datetime
    """When it was written."""
    step: Step
    """Which."""
    percent: int
    """Share of the step that is done, 0 to 100."""
    message: str
    """For people."""
    tasks: tuple[TaskView, ...]
    """The tasks of the rollout, where the step has any."""
    monitoring: float | None
    """How long all tasks still have to stay healthy, counted from this event; absent while some are not healthy."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "deployment_id": "deploymentId",
        "seq": "seq",
        "at": "at",
        "step": "step",
        "percent": "percent",
        "message": "message",
        "tasks": "tasks",
        "monitoring": "monitoring",
    }
    type: ClassVar[str] = "step_progressed"
    _TAG: ClassVar[Mapping[str, str]] = {"type": "step_progressed"}

    def __init__(
        self,
        deployment_id: DeploymentId,
        seq: int,
        at: datetime,
        step: Step,
        percent: int,
        message: str,
        tasks: Sequence[TaskView],
        monitoring: float | None,
    ) -> None:
        fill(
            self,
            {
                "deployment_id": deployment_id,
                "seq": seq,
                "at": at,
                "step": step,
                "percent": percent,
                "message": message,
                "tasks": tuple(tasks),
                "monitoring": monitoring,
            },
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> StepProgressed:
        return make(
            StepProgressed,
            {
                "deployment_id": data["deploymentId"],
                "seq": data["seq"],
                "at": read_time(data["at"]),
                "step": data["step"],
                "percent": data["percent"],
                "message": data["message"],
                "tasks": tuple(map(TaskView.from_dict, data.get("tasks", ()))),
                "monitoring": data.get("monitoring"),
            },
        )


class StepFinished(Event):
    """A step is done. Its output is all that later steps know of it."""

    deployment_id: DeploymentId
    """The deployment."""
    seq: int
    """Position in its log, from 1, without gaps."""
    at: datetime
    """When it was written."""
    step: Step
    """Which."""
    output: StepOutput
    """What it found or made."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "deployment_id": "deploymentId",
        "seq": "seq",
        "at": "at",
        "step": "step",
        "output": "output",
    }
    type: ClassVar[str] = "step_finished"
    _TAG: ClassVar[Mapping[str, str]] = {"type": "step_finished"}

    def __init__(self, deployment_id: DeploymentId, seq: int, at: datetime, step: Step, output: StepOutput) -> None:
        fill(self, {"deployment_id": deployment_id, "seq": seq, "at": at, "step": step, "output": output})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> StepFinished:
        return make(
            StepFinished,
            {
                "deployment_id": data["deploymentId"],
                "seq": data["seq"],
                "at": read_time(data["at"]),
                "step": data["step"],
                "output": StepOutput.from_dict(data["output"]),
            },
        )


class StepFailed(Event):
    """A step failed. The saga goes on with restoring, or ends."""

    deployment_id: DeploymentId
    """The deployment."""
    seq: int
    """Position in its log, from 1, without gaps."""
    at: datetime
    """When it was written."""
    step: Step
    """Which."""
    failure: Failure
    """Why."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "deployment_id": "deploymentId",
        "seq": "seq",
        "at": "at",
        "step": "step",
        "failure": "failure",
    }
    type: ClassVar[str] = "step_failed"
    _TAG: ClassVar[Mapping[str, str]] = {"type": "step_failed"}

    def __init__(self, deployment_id: DeploymentId, seq: int, at: datetime, step: Step, failure: Failure) -> None:
        fill(self, {"deployment_id": deployment_id, "seq": seq, "at": at, "step": step, "failure": failure})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> StepFailed:
        return make(
            StepFailed,
            {
                "deployment_id": data["deploymentId"],
                "seq": data["seq"],
                "at": read_time(data["at"]),
                "step": data["step"],
                "failure": Failure.from_dict(data["failure"]),
            },
        )


class Warned(Event):
    """Something that the caller should know, but that stops nothing."""

    deployment_id: DeploymentId
    """The deployment."""
    seq: int
    """Position in its log, from 1, without gaps."""
    at: datetime
    """When it was written."""
    message: str
    """For people."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "deployment_id": "deploymentId",
        "seq": "seq",
        "at": "at",
        "message": "message",
    }
    type: ClassVar[str] = "warned"
    _TAG: ClassVar[Mapping[str, str]] = {"type": "warned"}

    def __init__(self, deployment_id: DeploymentId, seq: int, at: datetime, message: str) -> None:
        fill(self, {"deployment_id": deployment_id, "seq": seq, "at": at, "message": message})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Warned:
        return make(
            Warned,
            {
                "deployment_id": data["deploymentId"],
                "seq": data["seq"],
                "at": read_time(data["at"]),
                "message": data["message"],
            },
        )


class CancelRequested(Event):
    """Somebody asked to cancel it."""

    deployment_id: DeploymentId
    """The deployment."""
    seq: int
    """Position in its log, from 1, without gaps."""
    at: datetime
    """When it was written."""
    actor: str | None
    """Who."""

    _WIRE: ClassVar[Mapping[str, str]] = {"deployment_id": "deploymentId", "seq": "seq", "at": "at", "actor": "actor"}
    type: ClassVar[str] = "cancel_requested"
    _TAG: ClassVar[Mapping[str, str]] = {"type": "cancel_requested"}

    def __init__(self, deployment_id: DeploymentId, seq: int, at: datetime, actor: str | None) -> None:
        fill(self, {"deployment_id": deployment_id, "seq": seq, "at": at, "actor": actor})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> CancelRequested:
        return make(
            CancelRequested,
            {
                "deployment_id": data["deploymentId"],
                "seq": data["seq"],
                "at": read_time(data["at"]),
                "actor": data.get("actor"),
            },
        )


class HandedBack(Event):
    """A worker that stops handed it back; another one goes on."""

    deployment_id: DeploymentId
    """The deployment."""
    seq: int
    """Position in its log, from 1, without gaps."""
    at: datetime
    """When it was written."""
    worker: WorkerId
    """The worker."""

    _WIRE: ClassVar[Mapping[str, str]] = {"deployment_id": "deploymentId", "seq": "seq", "at": "at", "worker": "worker"}
    type: ClassVar[str] = "handed_back"
    _TAG: ClassVar[Mapping[str, str]] = {"type": "handed_back"}

    def __init__(self, deployment_id: DeploymentId, seq: int, at: datetime, worker: WorkerId) -> None:
        fill(self, {"deployment_id": deployment_id, "seq": seq, "at": at, "worker": worker})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> HandedBack:
        return make(
            HandedBack,
            {
                "deployment_id": data["deploymentId"],
                "seq": data["seq"],
                "at": read_time(data["at"]),
                "worker": data["worker"],
            },
        )


class Succeeded(Event):
    """Terminal: every replica runs the release and stayed healthy."""

    deployment_id: DeploymentId
    """The deployment."""
    seq: int
    """Position in its log, from 1, without gaps."""
    at: datetime
    """When it was written."""
    release_id: ReleaseId
    """The release that is now current."""
    reason: Reason
    """`healthy`, or `unchanged` when nothing had to be done."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "deployment_id": "deploymentId",
        "seq": "seq",
        "at": "at",
        "release_id": "releaseId",
        "reason": "reason",
    }
    type: ClassVar[str] = "succeeded"
    _TAG: ClassVar[Mapping[str, str]] = {"type": "succeeded"}

    def __init__(
        self, deployment_id: DeploymentId, seq: int, at: datetime, release_id: ReleaseId, reason: Reason
    ) -> None:
        fill(self, {"deployment_id": deployment_id, "seq": seq, "at": at, "release_id": release_id, "reason": reason})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Succeeded:
        return make(
            Succeeded,
            {
                "deployment_id": data["deploymentId"],
                "seq": data["seq"],
                "at": read_time(data["at"]),
                "release_id": data["releaseId"],
                "reason": data["reason"],
            },
        )


class Failed(Event):
    """Terminal: it failed."""

    deployment_id: DeploymentId
    """The deployment."""
    seq: int
    """Position in its log, from 1, without gaps."""
    at: datetime
    """When it was written."""
    reason: Reason
    """Why, for programs."""
    failure: Failure
    """Why."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "deployment_id": "deploymentId",
        "seq": "seq",
        "at": "at",
        "reason": "reason",
        "failure": "failure",
    }
    type: ClassVar[str] = "failed"
    _TAG: ClassVar[Mapping[str, str]] = {"type": "failed"}

    def __init__(self, deployment_id: DeploymentId, seq: int, at: datetime, reason: Reason, failure: Failure) -> None:
        fill(self, {"deployment_id": deployment_id, "seq": seq, "at": at, "reason": reason, "failure": failure})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Failed:
        return make(
            Failed,
            {
                "deployment_id": data["deploymentId"],
                "seq": data["seq"],
                "at": read_time(data["at"]),
                "reason": data["reason"],
                "failure": Failure.from_dict(data["failure"]),
            },
        )


class RolledBack(Event):
    """Terminal: the rollout failed and the previous release serves again, verified. Also the one event that may
    follow a success, when a person goes back.
    """

    deployment_id: DeploymentId
    """The deployment."""
    seq: int
    """Position in its log, from 1, without gaps."""
    at: datetime
    """When it was written."""
    reason: Reason
    """Why, for programs."""
    release_id: ReleaseId | None
    """The release that serves."""
    failure: Failure | None
    """What made it necessary; absent when a person asked."""
    by: DeploymentId | None
    """The deployment that went back, when a person asked."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "deployment_id": "deploymentId",
        "seq": "seq",
        "at": "at",
        "reason": "reason",
        "release_id": "releaseId",
        "failure": "failure",
        "by": "by",
    }
    type: ClassVar[str] = "rolled_back"
    _TAG: ClassVar[Mapping[str, str]] = {"type": "rolled_back"}

    def __init__(
        self,
        deployment_id: DeploymentId,
        seq: int,
        at: datetime,
        reason: Reason,
        release_id: ReleaseId | None,
        failure: Failure | None,
        by: DeploymentId | None,
    ) -> None:
        fill(
            self,
            {
                "deployment_id": deployment_id,
                "seq": seq,
                "at": at,
                "reason": reason,
                "release_id": release_id,
                "failure": failure,
                "by": by,
            },
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RolledBack:
        return make(
            RolledBack,
            {
                "deployment_id": data["deploymentId"],
                "seq": data["seq"],
                "at": read_time(data["at"]),
                "reason": data["reason"],
                "release_id": data.get("releaseId"),
                "failure": maybe(Failure.from_dict, data.get("failure")),
                "by": data.get("by"),
            },
        )


class Cancelled(Event):
    """Terminal: the work has stopped, and the service is as it was."""

    deployment_id: DeploymentId
    """The deployment."""
    seq: int
    """Position in its log, from 1, without gaps."""
    at: datetime
    """When it was written."""
    message: str
    """For people."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "deployment_id": "deploymentId",
        "seq": "seq",
        "at": "at",
        "message": "message",
    }
    type: ClassVar[str] = "cancelled"
    _TAG: ClassVar[Mapping[str, str]] = {"type": "cancelled"}

    def __init__(self, deployment_id: DeploymentId, seq: int, at: datetime, message: str) -> None:
        fill(self, {"deployment_id": deployment_id, "seq": seq, "at": at, "message": message})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Cancelled:
        return make(
            Cancelled,
            {
                "deployment_id": data["deploymentId"],
                "seq": data["seq"],
                "at": read_time(data["at"]),
                "message": data["message"],
            },
        )


class Superseded(Event):
    """Terminal: a newer deployment took its place in the queue."""

    deployment_id: DeploymentId
    """The deployment."""
    seq: int
    """Position in its log, from 1, without gaps."""
    at: datetime
    """When it was written."""
    by: DeploymentId
    """Which."""

    _WIRE: ClassVar[Mapping[str, str]] = {"deployment_id": "deploymentId", "seq": "seq", "at": "at", "by": "by"}
    type: ClassVar[str] = "superseded"
    _TAG: ClassVar[Mapping[str, str]] = {"type": "superseded"}

    def __init__(self, deployment_id: DeploymentId, seq: int, at: datetime, by: DeploymentId) -> None:
        fill(self, {"deployment_id": deployment_id, "seq": seq, "at": at, "by": by})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Superseded:
        return make(
            Superseded,
            {"deployment_id": data["deploymentId"], "seq": data["seq"], "at": read_time(data["at"]), "by": data["by"]},
        )


class Degraded(Event):
    """After a success: fewer replicas are healthy than should be."""

    deployment_id: DeploymentId
    """The deployment."""
    seq: int
    """Position in its log, from 1, without gaps."""
    at: datetime
    """When it was written."""
    message: str
    """What was seen."""
    tasks: tuple[TaskView, ...]
    """The tasks."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "deployment_id": "deploymentId",
        "seq": "seq",
        "at": "at",
        "message": "message",
        "tasks": "tasks",
    }
    type: ClassVar[str] = "degraded"
    _TAG: ClassVar[Mapping[str, str]] = {"type": "degraded"}

    def __init__(
        self, deployment_id: DeploymentId, seq: int, at: datetime, message: str, tasks: Sequence[TaskView]
    ) -> None:
        fill(self, {"deployment_id": deployment_id, "seq": seq, "at": at, "message": message, "tasks": tuple(tasks)})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Degraded:
        return make(
            Degraded,
            {
                "deployment_id": data["deploymentId"],
                "seq": data["seq"],
                "at": read_time(data["at"]),
                "message": data["message"],
                "tasks": tuple(map(TaskView.from_dict, data.get("tasks", ()))),
            },
        )


class Recovered(Event):
    """After a success: all replicas are healthy again."""

    deployment_id: DeploymentId
    """The deployment."""
    seq: int
    """Position in its log, from 1, without gaps."""
    at: datetime
    """When it was written."""

    _WIRE: ClassVar[Mapping[str, str]] = {"deployment_id": "deploymentId", "seq": "seq", "at": "at"}
    type: ClassVar[str] = "recovered"
    _TAG: ClassVar[Mapping[str, str]] = {"type": "recovered"}

    def __init__(self, deployment_id: DeploymentId, seq: int, at: datetime) -> None:
        fill(self, {"deployment_id": deployment_id, "seq": seq, "at": at})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Recovered:
        return make(Recovered, {"deployment_id": data["deploymentId"], "seq": data["seq"], "at": read_time(data["at"])})


class Drifted(Event):
    """After a success: somebody else changed the service. It is reported, never overwritten."""

    deployment_id: DeploymentId
    """The deployment."""
    seq: int
    """Position in its log, from 1, without gaps."""
    at: datetime
    """When it was written."""
    message: str
    """What differs."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "deployment_id": "deploymentId",
        "seq": "seq",
        "at": "at",
        "message": "message",
    }
    type: ClassVar[str] = "drifted"
    _TAG: ClassVar[Mapping[str, str]] = {"type": "drifted"}

    def __init__(self, deployment_id: DeploymentId, seq: int, at: datetime, message: str) -> None:
        fill(self, {"deployment_id": deployment_id, "seq": seq, "at": at, "message": message})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Drifted:
        return make(
            Drifted,
            {
                "deployment_id": data["deploymentId"],
                "seq": data["seq"],
                "at": read_time(data["at"]),
                "message": data["message"],
            },
        )


_EVENT: Mapping[str, type[Event]] = {
    "accepted": Accepted,
    "claimed": Claimed,
    "step_started": StepStarted,
    "step_progressed": StepProgressed,
    "step_finished": StepFinished,
    "step_failed": StepFailed,
    "warned": Warned,
    "cancel_requested": CancelRequested,
    "handed_back": HandedBack,
    "succeeded": Succeeded,
    "failed": Failed,
    "rolled_back": RolledBack,
    "cancelled": Cancelled,
    "superseded": Superseded,
    "degraded": Degraded,
    "recovered": Recovered,
    "drifted": Drifted,
}


__all__ = [
    "Accepted",
    "CancelRequested",
    "Cancelled",
    "Claimed",
    "Degraded",
    "Drifted",
    "Event",
    "Failed",
    "Failure",
    "HandedBack",
    "Recovered",
    "RolledBack",
    "StepFailed",
    "StepFinished",
    "StepProgressed",
    "StepStarted",
    "Succeeded",
    "Superseded",
    "TaskView",
    "Warned",
]
