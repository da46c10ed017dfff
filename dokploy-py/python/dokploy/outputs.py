"""What the steps of a deployment find or make."""

# Made by dokploy-py/codegen of tests/parity/*.json; changes here are lost.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ._shape import Shape, fill, make
from .names import ReleaseId
from .sources import Revision


class StepOutput(Shape):
    """What a step found or made, and what later steps need of it."""

    output: ClassVar[str]
    """What tells them apart."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> StepOutput:
        return _STEP_OUTPUT[data["output"]].from_dict(data)


class Skipped(StepOutput):
    """Nothing had to be done."""

    why: str
    """Why."""

    _WIRE: ClassVar[Mapping[str, str]] = {"why": "why"}
    output: ClassVar[str] = "skipped"
    _TAG: ClassVar[Mapping[str, str]] = {"output": "skipped"}

    def __init__(self, why: str) -> None:
        fill(self, {"why": why})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Skipped:
        return make(Skipped, {"why": data["why"]})


class Done(StepOutput):
    """Done, with nothing to hand on."""

    _WIRE: ClassVar[Mapping[str, str]] = {}
    output: ClassVar[str] = "done"
    _TAG: ClassVar[Mapping[str, str]] = {"output": "done"}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Done:
        return make(Done, {})


class Resolved(StepOutput):
    """The commit or tree."""

    revision: Revision
    """Which."""

    _WIRE: ClassVar[Mapping[str, str]] = {"revision": "revision"}
    output: ClassVar[str] = "resolved"
    _TAG: ClassVar[Mapping[str, str]] = {"output": "resolved"}

    def __init__(self, revision: Revision) -> None:
        fill(self, {"revision": revision})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Resolved:
        return make(Resolved, {"revision": Revision.from_dict(data["revision"])})


class Built(StepOutput):
    """The image."""

    image: str
    """Its name, as in `app:1a2b3c4`."""
    image_id: str
    """Its id, `sha256:…`."""
    fingerprint: str
    """Digest of the inputs of the build."""
    reused: bool
    """Whether it was there already."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "image": "image",
        "image_id": "imageId",
        "fingerprint": "fingerprint",
        "reused": "reused",
    }
    output: ClassVar[str] = "built"
    _TAG: ClassVar[Mapping[str, str]] = {"output": "built"}

    def __init__(self, image: str, image_id: str, fingerprint: str, reused: bool) -> None:
        fill(self, {"image": image, "image_id": image_id, "fingerprint": fingerprint, "reused": reused})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Built:
        return make(
            Built,
            {
                "image": data["image"],
                "image_id": data["imageId"],
                "fingerprint": data["fingerprint"],
                "reused": data["reused"],
            },
        )


class Pinned(StepOutput):
    """What is really run."""

    image_reference: str
    """`name@sha256:…`, or the image id where no registry holds it."""

    _WIRE: ClassVar[Mapping[str, str]] = {"image_reference": "imageReference"}
    output: ClassVar[str] = "pinned"
    _TAG: ClassVar[Mapping[str, str]] = {"output": "pinned"}

    def __init__(self, image_reference: str) -> None:
        fill(self, {"image_reference": image_reference})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Pinned:
        return make(Pinned, {"image_reference": data["imageReference"]})


class Applied(StepOutput):
    """The service has the new specification."""

    release_id: ReleaseId
    """The release that was made of it."""
    service_version: int
    """Version of the service after it."""
    spec_digest: str
    """Digest of the specification as the engine keeps it; drift is measured against it."""
    rollout: str
    """Value of the `dokploy.rollout` label of the tasks that are verified: those of this deployment, or of an
    earlier one when nothing restarted.
    """
    changed: bool
    """Whether the service was changed at all."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "release_id": "releaseId",
        "service_version": "serviceVersion",
        "spec_digest": "specDigest",
        "rollout": "rollout",
        "changed": "changed",
    }
    output: ClassVar[str] = "applied"
    _TAG: ClassVar[Mapping[str, str]] = {"output": "applied"}

    def __init__(
        self, release_id: ReleaseId, service_version: int, spec_digest: str, rollout: str, changed: bool
    ) -> None:
        fill(
            self,
            {
                "release_id": release_id,
                "service_version": service_version,
                "spec_digest": spec_digest,
                "rollout": rollout,
                "changed": changed,
            },
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Applied:
        return make(
            Applied,
            {
                "release_id": data["releaseId"],
                "service_version": data["serviceVersion"],
                "spec_digest": data["specDigest"],
                "rollout": data["rollout"],
                "changed": data["changed"],
            },
        )


class Restored(StepOutput):
    """The release that serves again."""

    release_id: ReleaseId | None
    """Which; absent: there was none and the service was stopped or removed."""
    spec_digest: str | None
    """Digest of the specification as the engine keeps it; drift is measured against it."""

    _WIRE: ClassVar[Mapping[str, str]] = {"release_id": "releaseId", "spec_digest": "specDigest"}
    output: ClassVar[str] = "restored"
    _TAG: ClassVar[Mapping[str, str]] = {"output": "restored"}

    def __init__(self, release_id: ReleaseId | None, spec_digest: str | None) -> None:
        fill(self, {"release_id": release_id, "spec_digest": spec_digest})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Restored:
        return make(Restored, {"release_id": data.get("releaseId"), "spec_digest": data.get("specDigest")})


_STEP_OUTPUT: Mapping[str, type[StepOutput]] = {
    "skipped": Skipped,
    "done": Done,
    "resolved": Resolved,
    "built": Built,
    "pinned": Pinned,
    "applied": Applied,
    "restored": Restored,
}


__all__ = [
    "Applied",
    "Built",
    "Done",
    "Pinned",
    "Resolved",
    "Restored",
    "Skipped",
    "StepOutput",
]
