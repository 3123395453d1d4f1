"""Objects in a container of Azure Blob Storage, read and written by the workload's identity.

A container under a policy of immutability refuses to write over a blob and to delete it. Where the account keeps
versions as well, and for whatever a policy lets pass, the oldest version of a name counts, as in S3 (s3.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError
from azure.identity import WorkloadIdentityCredential
from azure.storage.blob import BlobPrefix, ContainerClient, LinearRetry

from fintech.object_storage.addresses import Container
from fintech.object_storage.stores import (
    FirstVersion,
    NotLocked,
    ObjectExists,
    ObjectMissing,
    StorageAway,
)
from fintech.object_storage.versioned import VersionedObjects

# A request waits for the answer, and some wait for that request's lock; the library's own way would wait for 15 seconds
# before it tries again.
TIMES: Final = {"connection_timeout": 2, "read_timeout": 5}
TRIED_AGAIN: Final = 2
MISSING: Final = "BlobNotFound"
# What a blob that may not be changed answers with, whatever is asked of it.
EXISTS: Final = ("BlobAlreadyExists", "BlobImmutableDueToPolicy", "ConditionNotMet")


class BlobObjects(VersionedObjects):
    """The names of one container that begin with `beneath`."""

    def __init__(self, container: ContainerClient, beneath: str = "") -> None:
        super().__init__(beneath)
        self._container = container

    @classmethod
    def at(cls, address: Container) -> BlobObjects:
        """The store at an address, entered by the identity that Kubernetes gives the pod, and by no other."""
        return cls(container_at(address.account_url, address.name, WorkloadIdentityCredential()), address.beneath)

    def put(self, name: str, content: bytes) -> None:
        """See ObjectStore."""
        with self._asked(f"to keep {name!r}"):
            self._container.upload_blob(self._key(name), content, overwrite=True)

    def folders(self, beneath: str) -> list[str]:
        """See ObjectStore."""
        start = f"{self._key(beneath)}/"
        with self._asked("which folders it has"):
            found = list(self._container.walk_blobs(name_starts_with=start, include=["versions"], delimiter="/"))
        return [each.name.removeprefix(start).rstrip("/") for each in found if isinstance(each, BlobPrefix)]

    def read(self, first: FirstVersion) -> bytes:
        """See ObjectStore."""
        return self._content(first.name, **({"version_id": first.version} if first.version else {}))

    def describe(self) -> str:
        """See ObjectStore."""
        return f"azblob://{self._container.account_name}/{self._container.container_name}/{self._before}".rstrip("/")

    def _create(self, name: str, content: bytes) -> None:
        try:
            # Without `overwrite` it is sent with `If-None-Match: *`.
            with self._asked(f"to keep {name!r} for good"):
                self._container.upload_blob(self._key(name), content, overwrite=False)
        except StorageAway as away:
            if isinstance(away.__cause__, ResourceExistsError) or _code(away.__cause__) in EXISTS:
                raise ObjectExists(f"{self.describe()} has {name!r} already") from None
            raise

    def _content(self, name: str, **more: str) -> bytes:
        try:
            with self._asked(f"for {name!r}"):
                content: bytes = self._container.download_blob(self._key(name), **more).readall()
        except StorageAway as away:
            if _code(away.__cause__) == MISSING:
                raise ObjectMissing(f"{self.describe()} has no {name!r}") from None
            raise
        return content

    def _firsts(self, prefix: str, *, after: str = "") -> Iterator[FirstVersion]:
        oldest: Any = None
        followed = False
        with self._asked("what it has"):
            for blob in self._container.list_blobs(
                name_starts_with=prefix, include=["versions"], start_from=after or None
            ):
                if oldest is not None and blob.name == oldest.name:
                    followed = True
                    oldest = min(blob, oldest, key=_version)
                    continue
                if oldest is not None:
                    yield self._first(oldest, followed)
                oldest, followed = blob, False
            if oldest is not None:
                yield self._first(oldest, followed)

    def _first(self, blob: Any, followed: bool) -> FirstVersion:
        # Versions are kept, and none of them is the one that a plain reading gets: it was deleted.
        deleted = bool(blob.version_id) and not followed and not blob.is_current_version
        name = blob.name.removeprefix(self._before)
        return FirstVersion(name, blob.last_modified, blob.version_id or "", followed or deleted)

    def _refuse_unlocked(self) -> None:
        with self._asked("how long it keeps"):
            properties = self._container.get_container_properties()
        if not properties.has_immutability_policy:
            raise NotLocked(f"{self.describe()} keeps nothing for good: its container needs a policy of immutability")

    @contextmanager
    def _asked(self, what: str) -> Iterator[None]:
        try:
            yield
        except AzureError as why:
            raise StorageAway(f"{self.describe()} was asked {what}: {why}") from why


def container_at(account_url: str, name: str, credential: TokenCredential, **more: Any) -> ContainerClient:
    """What speaks to a container, as patient as whoever waits for it."""
    again = LinearRetry(backoff=1, retry_total=TRIED_AGAIN)
    return ContainerClient(account_url, name, credential, retry_policy=again, **TIMES, **more)


def _version(blob: Any) -> str:
    """Versions are named by their time, so their names sort."""
    return blob.version_id or ""


def _code(why: BaseException | None) -> str | None:
    code = getattr(why, "error_code", None) if isinstance(why, HttpResponseError) else None
    return None if code is None else str(getattr(code, "value", code))
