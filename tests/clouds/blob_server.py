"""As much of Azure Blob Storage's REST as the product's store asks for, with versions and immutability.

Source of the rules: Microsoft's reference of the Blob service (Put Blob, Get Blob, Delete Blob, List Blobs, Get
Container Properties) and its pages on versioning and on container-level immutability.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from uuid import uuid4
from xml.sax.saxutils import escape

from azure.storage.blob import ContainerClient

from fintech.object_storage.azure_blob import container_at
from tests.clouds.https_server import TOKEN, Answer, Asked, HttpsServer, StaticCredential

ACCOUNT = "fintecheu"
# Few, so that every listing of a test has several pages.
PAGE = 3


@dataclass(frozen=True)
class Version:
    content: bytes
    id: str
    modified: datetime


@dataclass
class Kept:
    """The blobs of a container, each with its versions from the oldest on; a name without a current one was deleted."""

    locked: bool
    versioned: bool
    versions: dict[str, list[Version]] = field(default_factory=dict)
    current: set[str] = field(default_factory=set)


class BlobServer(HttpsServer):
    """One account."""

    def __init__(self, folder: Path) -> None:
        self.containers: dict[str, Kept] = {}
        self.puts: list[Asked] = []
        self._numbers = itertools.count(1)
        super().__init__(folder)

    def container(self, *, locked: bool = False, versioned: bool = False) -> str:
        """A new container."""
        name = f"container-{uuid4().hex}"
        self.containers[name] = Kept(locked, versioned)
        return name

    def client(self, container: str, token: str = TOKEN) -> ContainerClient:
        """The real SDK's client."""
        url, trusted = f"{self.address}/{ACCOUNT}", str(self.authority)
        return container_at(url, container, StaticCredential(token), connection_verify=trusted)

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return _refused(403, "AuthorizationFailure")
        _, account, container, *rest = asked.path.split("/", 3)
        kept = self.containers.get(container)
        if account != ACCOUNT or kept is None:
            return _refused(404, "ContainerNotFound")
        if asked.query.get("comp") == "list":
            return _listed(kept, asked.query)
        if asked.query.get("restype") == "container":
            return Answer(200, _described(datetime.now(UTC)) | _locks(kept))
        return {"PUT": self._put, "GET": _got, "DELETE": _deleted}[asked.method](kept, rest[0], asked)

    def _put(self, kept: Kept, name: str, asked: Asked) -> Answer:
        self.puts.append(asked)
        if name in kept.current:
            if asked.headers.get("if-none-match") == "*":
                return _refused(409, "BlobAlreadyExists")
            if kept.locked:
                return _refused(409, "BlobImmutableDueToPolicy")
        now = datetime.now(UTC)
        version = Version(asked.body, f"{now:%Y-%m-%dT%H:%M:%S}.{next(self._numbers):07d}Z", now)
        before = kept.versions.get(name, []) if kept.versioned else []
        kept.versions[name] = [*before, version]
        kept.current.add(name)
        return Answer(201, _described(now) | {"x-ms-request-server-encrypted": "true"})


def _got(kept: Kept, name: str, asked: Asked) -> Answer:
    wanted = asked.query.get("versionid")
    found = [
        version
        for version in kept.versions.get(name, [])
        if (version.id == wanted if wanted else name in kept.current and version is kept.versions[name][-1])
    ]
    if not found:
        return _refused(404, "BlobNotFound")
    (version,) = found
    size = len(version.content)
    headers = _described(version.modified) | {
        "Content-Range": f"bytes 0-{size - 1}/{size}", "x-ms-blob-type": "BlockBlob",
        "Content-Type": "application/octet-stream",
    }  # fmt: skip
    return Answer(206, headers, version.content)


def _deleted(kept: Kept, name: str, asked: Asked) -> Answer:
    if name not in kept.current:
        return _refused(404, "BlobNotFound")
    if kept.locked:
        return _refused(409, "BlobImmutableDueToPolicy")
    kept.current.remove(name)
    if not kept.versioned:
        del kept.versions[name]
    return Answer(202)


def _listed(kept: Kept, query: dict[str, str]) -> Answer:
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter")
    every = "versions" in query.get("include", "")
    lines: list[str] = []
    for name in sorted(
        name for name in kept.versions if name.startswith(prefix) and name >= query.get("startFrom", "")
    ):
        if delimiter and delimiter in name.removeprefix(prefix):
            folder = prefix + name.removeprefix(prefix).split(delimiter)[0] + delimiter
            line = f"<BlobPrefix><Name>{escape(folder)}</Name></BlobPrefix>"
            lines += [] if line in lines else [line]
            continue
        latest = kept.versions[name][-1]
        for version in kept.versions[name] if every else [latest]:
            current = name in kept.current and version is latest
            if every or current:
                lines.append(_told(name, version, current=current, versioned=kept.versioned))
    start = int(query.get("marker") or 0)
    following = str(start + PAGE) if start + PAGE < len(lines) else ""
    body = (
        f"<?xml version='1.0' encoding='utf-8'?><EnumerationResults><Prefix>{escape(prefix)}</Prefix>"
        f"<Blobs>{''.join(lines[start : start + PAGE])}</Blobs>"
        f"<NextMarker>{following}</NextMarker></EnumerationResults>"
    )
    return Answer(200, {"Content-Type": "application/xml"}, body.encode())


def _told(name: str, version: Version, *, current: bool, versioned: bool) -> str:
    told = f"<VersionId>{version.id}</VersionId>" if versioned else ""
    told += "<IsCurrentVersion>true</IsCurrentVersion>" if versioned and current else ""
    return (
        f"<Blob><Name>{escape(name)}</Name>{told}<Properties>"
        f"<Last-Modified>{format_datetime(version.modified, usegmt=True)}</Last-Modified><Etag>0x1</Etag>"
        f"<Content-Length>{len(version.content)}</Content-Length><BlobType>BlockBlob</BlobType></Properties></Blob>"
    )


def _locks(kept: Kept) -> dict[str, str]:
    return {"x-ms-has-immutability-policy": str(kept.locked).lower(), "x-ms-has-legal-hold": "false"}


def _described(modified: datetime) -> dict[str, str]:
    return {"ETag": '"0x1"', "Last-Modified": format_datetime(modified, usegmt=True), "x-ms-version": "2021-12-02"}


def _refused(status: int, code: str) -> Answer:
    body = f"<?xml version='1.0' encoding='utf-8'?><Error><Code>{code}</Code><Message>{code}</Message></Error>"
    return Answer(status, {"x-ms-error-code": code, "Content-Type": "application/xml"}, body.encode())
