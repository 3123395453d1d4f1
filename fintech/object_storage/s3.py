"""Objects in a bucket of Amazon S3, read and written by the role that the process runs under.

A bucket with Object Lock is versioned: it keeps every version of a name until its retention ends, whoever asks. What it
doesn't prevent is a newer version, or a marker that says the name is deleted; both would hide the first version from a
plain reading. So what was created is looked for among the versions, and the oldest counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from fintech.object_storage.stores import (
    FirstVersion,
    NotLocked,
    ObjectExists,
    ObjectMissing,
    StorageAway,
)
from fintech.object_storage.versioned import VersionedObjects

# A request waits for the answer, and some wait for that request's lock.
TIMES: Final = Config(
    connect_timeout=2, read_timeout=5, retries={"max_attempts": 3, "mode": "standard"}, max_pool_connections=32
)
EXISTS: Final = "PreconditionFailed"
MISSING: Final = "NoSuchKey"
UNLOCKED: Final = "ObjectLockConfigurationNotFoundError"


class S3Objects(VersionedObjects):
    """The names of one bucket that begin with `beneath`."""

    def __init__(self, bucket: str, beneath: str = "", *, region: str | None = None, client: Any = None) -> None:
        super().__init__(beneath)
        self._bucket = bucket
        self._client = client or boto3.client("s3", region_name=region, config=TIMES)

    def put(self, name: str, content: bytes) -> None:
        """Under which key it is encrypted is said by the bucket."""
        with self._asked(f"to keep {name!r}"):
            self._client.put_object(Bucket=self._bucket, Key=self._key(name), Body=content)

    def folders(self, beneath: str) -> list[str]:
        """See ObjectStore."""
        start = f"{self._key(beneath)}/"
        pages = self._pages(Prefix=start, Delimiter="/")
        found = (common["Prefix"] for page in pages for common in page.get("CommonPrefixes", ()))
        return [prefix.removeprefix(start).rstrip("/") for prefix in found]

    def read(self, first: FirstVersion) -> bytes:
        """See ObjectStore."""
        return self._content(first.name, VersionId=first.version)

    def describe(self) -> str:
        """See ObjectStore."""
        return f"s3://{self._bucket}/{self._before}".rstrip("/")

    def _create(self, name: str, content: bytes) -> None:
        try:
            with self._asked(f"to keep {name!r} for good"):
                self._client.put_object(Bucket=self._bucket, Key=self._key(name), Body=content, IfNoneMatch="*")
        except StorageAway as away:
            if _code(away.__cause__) == EXISTS:
                raise ObjectExists(f"{self.describe()} has {name!r} already") from None
            raise

    def _content(self, name: str, **more: str) -> bytes:
        try:
            with self._asked(f"for {name!r}"):
                answer = self._client.get_object(Bucket=self._bucket, Key=self._key(name), **more)
                content: bytes = answer["Body"].read()
        except StorageAway as away:
            if _code(away.__cause__) == MISSING:
                raise ObjectMissing(f"{self.describe()} has no {name!r}") from None
            raise
        return content

    def _firsts(self, prefix: str, *, after: str = "") -> Iterator[FirstVersion]:
        marked: set[str] = set()
        oldest: dict[str, Any] | None = None
        followed = False
        for page in self._pages(Prefix=prefix, **({"KeyMarker": after} if after else {})):
            marked.update(marker["Key"] for marker in page.get("DeleteMarkers", ()))
            # Of a key S3 tells the latest version first.
            for version in page.get("Versions", ()):
                if oldest is not None and version["Key"] == oldest["Key"]:
                    followed = True
                    oldest = min(version, oldest, key=_kept_at)
                    continue
                if oldest is not None:
                    yield self._first(oldest, followed or oldest["Key"] in marked)
                oldest, followed = version, False
        if oldest is not None:
            yield self._first(oldest, followed or oldest["Key"] in marked)

    def _first(self, version: dict[str, Any], followed: bool) -> FirstVersion:
        name = version["Key"].removeprefix(self._before)
        return FirstVersion(name, version["LastModified"], version["VersionId"], followed)

    def _pages(self, **asked: str) -> Iterator[dict[str, Any]]:
        while True:
            with self._asked("what it has"):
                page: dict[str, Any] = self._client.list_object_versions(Bucket=self._bucket, **asked)
            yield page
            if not page.get("IsTruncated"):
                return
            for marker in ("KeyMarker", "VersionIdMarker"):
                asked.pop(marker, None)
                if following := page.get(f"Next{marker}"):
                    asked[marker] = following

    def _refuse_unlocked(self) -> None:
        try:
            with self._asked("how long it keeps"):
                answer = self._client.get_object_lock_configuration(Bucket=self._bucket)
        except StorageAway as away:
            if _code(away.__cause__) != UNLOCKED:
                raise
            answer = {}
        retention = answer.get("ObjectLockConfiguration", {}).get("Rule", {}).get("DefaultRetention", {})
        if retention.get("Mode") != "COMPLIANCE":
            raise NotLocked(
                f"{self.describe()} keeps nothing for good: it needs Object Lock with a retention in compliance mode"
            )

    @contextmanager
    def _asked(self, what: str) -> Iterator[None]:
        try:
            yield
        except (ClientError, BotoCoreError) as why:
            raise StorageAway(f"{self.describe()} was asked {what}: {why}") from why


def _kept_at(version: dict[str, Any]) -> Any:
    return version["LastModified"]


def _code(why: BaseException | None) -> str | None:
    return why.response["Error"]["Code"] if isinstance(why, ClientError) else None
