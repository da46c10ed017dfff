"""Credentials for git hosts and registries, and the three kinds of secret that they may have."""

# Made by dokploy-py/codegen of tests/parity/*.json; changes here are lost.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from ._shape import Secret, Shape, fill, make, maybe, read_time
from .names import CredentialId, CredentialKind, ProjectId


class Credential(Shape):
    """A stored credential. The secret part is sealed; reads never return it."""

    id: CredentialId
    """Identifier."""
    project_id: ProjectId | None
    """The project whose applications alone may use it; absent: an administrator gives it to applications."""
    kind: CredentialKind
    """What it is for."""
    name: str
    """Name for people; unique within its project."""
    host: str
    """The only host, with an optional port, that it is ever sent to."""
    created_at: datetime
    """When it was made."""

    _WIRE: ClassVar[Mapping[str, str]] = {
        "id": "id",
        "project_id": "projectId",
        "kind": "kind",
        "name": "name",
        "host": "host",
        "created_at": "createdAt",
    }

    def __init__(
        self,
        id: CredentialId,
        project_id: ProjectId | None,
        kind: CredentialKind,
        name: str,
        host: str,
        created_at: datetime,
    ) -> None:
        fill(
            self,
            {"id": id, "project_id": project_id, "kind": kind, "name": name, "host": host, "created_at": created_at},
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Credential:
        return make(
            Credential,
            {
                "id": data["id"],
                "project_id": data.get("projectId"),
                "kind": data["kind"],
                "name": data["name"],
                "host": data["host"],
                "created_at": read_time(data["createdAt"]),
            },
        )


class CredentialSecret(Shape):
    """The secret part of a credential, in memory only."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> CredentialSecret:
        ((kind, fields),) = data.items()
        return _CREDENTIAL_SECRET[kind].from_dict(fields)


class Basic(CredentialSecret):
    """User and password, or user and token."""

    username: str
    """User name."""
    password: Secret
    """Password or token."""

    _WIRE: ClassVar[Mapping[str, str]] = {"username": "username", "password": "password"}
    _SECRETS: ClassVar[frozenset[str]] = frozenset(["password"])
    _WRAPPED: ClassVar[str | None] = "basic"

    def __init__(self, username: str, password: Secret | str) -> None:
        fill(self, {"username": username, "password": password if isinstance(password, Secret) else Secret(password)})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Basic:
        return make(Basic, {"username": data["username"], "password": Secret(data["password"])})


class Token(CredentialSecret):
    """A bearer token; git hosts get it as the password of the user `x-access-token`."""

    token: Secret
    """The token."""

    _WIRE: ClassVar[Mapping[str, str]] = {"token": "token"}
    _SECRETS: ClassVar[frozenset[str]] = frozenset(["token"])
    _WRAPPED: ClassVar[str | None] = "token"

    def __init__(self, token: Secret | str) -> None:
        fill(self, {"token": token if isinstance(token, Secret) else Secret(token)})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Token:
        return make(Token, {"token": Secret(data["token"])})


class SshKey(CredentialSecret):
    """An ssh key in OpenSSH or PEM form."""

    private_key: Secret
    """Private key."""
    passphrase: Secret | None
    """Passphrase of the key."""
    host_keys: tuple[str, ...]
    """Accepted host keys in `known_hosts` form, without the host column. At least one is required: an unknown host
    key is refused.
    """

    _WIRE: ClassVar[Mapping[str, str]] = {
        "private_key": "privateKey",
        "passphrase": "passphrase",
        "host_keys": "hostKeys",
    }
    _SECRETS: ClassVar[frozenset[str]] = frozenset(["private_key", "passphrase"])
    _WRAPPED: ClassVar[str | None] = "sshKey"

    def __init__(
        self, private_key: Secret | str, host_keys: Sequence[str], *, passphrase: Secret | str | None = None
    ) -> None:
        fill(
            self,
            {
                "private_key": private_key if isinstance(private_key, Secret) else Secret(private_key),
                "passphrase": None
                if passphrase is None
                else passphrase
                if isinstance(passphrase, Secret)
                else Secret(passphrase),
                "host_keys": tuple(host_keys),
            },
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SshKey:
        return make(
            SshKey,
            {
                "private_key": Secret(data["privateKey"]),
                "passphrase": maybe(Secret, data.get("passphrase")),
                "host_keys": tuple(data.get("hostKeys", ())),
            },
        )


_CREDENTIAL_SECRET: Mapping[str, type[CredentialSecret]] = {"basic": Basic, "token": Token, "sshKey": SshKey}


__all__ = [
    "Basic",
    "Credential",
    "CredentialSecret",
    "SshKey",
    "Token",
]
