"""Where code comes from."""

# Made by dokploy-py/codegen of tests/parity/*.json; changes here are lost.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from ._shape import Shape, fill, make, maybe, read_time
from .credentials import CredentialSecret
from .names import ApplicationId, CredentialId


class Revision(Shape):
    """A source pinned to one state: a commit, or the digest of a tree."""

    id: str
    """Full commit id, or the hexadecimal digest of a directory or archive."""
    reference: str | None
    """The full reference that was asked for, as in `refs/heads/main`."""
    message: str | None
    """First line of the commit message."""
    author: str | None
    """Author's name."""
    committed_at: datetime | None
    """When it was committed."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "id": "id",
        "reference": "reference",
        "message": "message",
        "author": "author",
        "committed_at": "committedAt",
    }

    def __init__(
        self,
        id: str,
        *,
        reference: str | None = None,
        message: str | None = None,
        author: str | None = None,
        committed_at: datetime | None = None,
    ) -> None:
        fill(
            self, {"id": id, "reference": reference, "message": message, "author": author, "committed_at": committed_at}
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Revision:
        return make(
            Revision,
            {
                "id": data["id"],
                "reference": data.get("reference"),
                "message": data.get("message"),
                "author": data.get("author"),
                "committed_at": maybe(read_time, data.get("committedAt")),
            },
        )


class Source(Shape):
    """Where an application's code comes from, resolved from its specification."""

    type: ClassVar[str]
    """What tells them apart."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Source:
        return _SOURCE[data["type"]].from_dict(data)


class Git(Source):
    """A git repository."""

    repo_url: str
    """`https://`, `http://`, `ssh://`, `user@host:path` or, where the embedder allows it, `file://`. Never holds
    credentials: they are stored apart.
    """
    branch: str | None
    """Branch, or a tag by its full name `refs/tags/…`. Unset: what the remote's `HEAD` names."""
    credential_id: CredentialId | None
    """Credential to use for this host."""
    submodules: bool
    """Whether submodules belong to the tree."""
    watch_paths: tuple[str, ...]
    """Glob patterns; a push that touches none of them starts no deployment. Empty: every push does."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "repo_url": "repoUrl",
        "branch": "branch",
        "credential_id": "credentialId",
        "submodules": "submodules",
        "watch_paths": "watchPaths",
    }
    type: ClassVar[str] = "git"
    _TAG: ClassVar[Mapping[str, str]] = {"type": "git"}

    def __init__(
        self,
        repo_url: str,
        branch: str | None,
        credential_id: CredentialId | None,
        submodules: bool,
        watch_paths: Sequence[str],
    ) -> None:
        fill(
            self,
            {
                "repo_url": repo_url,
                "branch": branch,
                "credential_id": credential_id,
                "submodules": submodules,
                "watch_paths": tuple(watch_paths),
            },
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Git:
        return make(
            Git,
            {
                "repo_url": data["repoUrl"],
                "branch": data.get("branch"),
                "credential_id": data.get("credentialId"),
                "submodules": data["submodules"],
                "watch_paths": tuple(data.get("watchPaths", ())),
            },
        )


class Image(Source):
    """An image that exists already; nothing is fetched and nothing is built."""

    reference: str
    """Image reference, as in `registry.example.com/team/app:1.2`."""

    _WIRE: ClassVar[Mapping[str, str]] = {"reference": "reference"}
    type: ClassVar[str] = "image"
    _TAG: ClassVar[Mapping[str, str]] = {"type": "image"}

    def __init__(self, reference: str) -> None:
        fill(self, {"reference": reference})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Image:
        return make(Image, {"reference": data["reference"]})


class Directory(Source):
    """A directory on the machine of the engine."""

    path: str
    """Absolute path."""

    _WIRE: ClassVar[Mapping[str, str]] = {"path": "path"}
    type: ClassVar[str] = "directory"
    _TAG: ClassVar[Mapping[str, str]] = {"type": "directory"}

    def __init__(self, path: str) -> None:
        fill(self, {"path": path})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Directory:
        return make(Directory, {"path": data["path"]})


class Archive(Source):
    """An uploaded tar (optionally gzip) or zip archive in the engine's data directory."""

    path: str
    """Path of the archive."""

    _WIRE: ClassVar[Mapping[str, str]] = {"path": "path"}
    type: ClassVar[str] = "archive"
    _TAG: ClassVar[Mapping[str, str]] = {"type": "archive"}

    def __init__(self, path: str) -> None:
        fill(self, {"path": path})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Archive:
        return make(Archive, {"path": data["path"]})


_SOURCE: Mapping[str, type[Source]] = {"git": Git, "image": Image, "directory": Directory, "archive": Archive}


class SourceCredential(Shape):
    """A credential in memory, with the only host that may see it."""

    host: str
    """Host name, with a port where it is not the scheme's own."""
    secret: CredentialSecret
    """The secret part."""

    _WIRE: ClassVar[Mapping[str, str]] = {"host": "host", "secret": "secret"}

    def __init__(self, host: str, secret: CredentialSecret) -> None:
        fill(self, {"host": host, "secret": secret})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SourceCredential:
        return make(SourceCredential, {"host": data["host"], "secret": CredentialSecret.from_dict(data["secret"])})


class SourceRequest(Shape):
    """What is to be fetched, and for whom."""

    application: ApplicationId
    """Its mirror is kept under this name."""
    source: Source
    """Where it comes from."""
    branch: str | None
    """Branch or full reference instead of the source's own."""
    commit: str | None
    """Exact commit instead of the head of the branch."""
    credential: SourceCredential | None
    """Credential, with the only host that may see it."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "application": "application",
        "source": "source",
        "branch": "branch",
        "commit": "commit",
        "credential": "credential",
    }

    def __init__(
        self,
        application: ApplicationId,
        source: Source,
        branch: str | None,
        commit: str | None,
        credential: SourceCredential | None,
    ) -> None:
        fill(
            self,
            {
                "application": application,
                "source": source,
                "branch": branch,
                "commit": commit,
                "credential": credential,
            },
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SourceRequest:
        return make(
            SourceRequest,
            {
                "application": data["application"],
                "source": Source.from_dict(data["source"]),
                "branch": data.get("branch"),
                "commit": data.get("commit"),
                "credential": maybe(SourceCredential.from_dict, data.get("credential")),
            },
        )


__all__ = [
    "Archive",
    "Directory",
    "Git",
    "Image",
    "Revision",
    "Source",
    "SourceCredential",
    "SourceRequest",
]
