"""Where a store is, in one line. Pure.

    file:///srv/storage                     a folder of this machine
    s3://bucket/beneath                     a bucket of Amazon S3, in the process's own region (FINTECH_REGION)
    azblob://account/container/beneath      a container of Azure Blob Storage

What follows the bucket or the container may be left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from fintech.object_storage.stores import NAME

_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ACCOUNT: Final = re.compile(r"[a-z0-9]{3,24}")
_CONTAINER: Final = re.compile(r"[a-z0-9](?:-?[a-z0-9]){2,62}")
FORMS: Final = "file:///folder, s3://bucket/beneath or azblob://account/container/beneath"


class AddressRefused(ValueError):
    """This is no address of a store."""


@dataclass(frozen=True)
class Folder:
    """A folder of this machine."""

    path: Path


@dataclass(frozen=True)
class Bucket:
    """A bucket of Amazon S3; its names begin with `beneath`."""

    name: str
    beneath: str


@dataclass(frozen=True)
class Container:
    """A container of Azure Blob Storage; its names begin with `beneath`."""

    account: str
    name: str
    beneath: str

    @property
    def account_url(self) -> str:
        """Where the account answers."""
        return f"https://{self.account}.blob.core.windows.net"


Address = Folder | Bucket | Container


def parse_address(text: str) -> Address:
    """The address that the text says. Raises AddressRefused."""
    if not text:
        raise AddressRefused("no store's address is set for this process: deploy/services.toml says who has which")
    try:
        parts = urlsplit(text)
    except ValueError as why:
        raise AddressRefused(f"{text!r} is no address of a store: {why}") from None
    # An account's key has no business in an address, nor does an option that nobody reads.
    if parts.query or parts.fragment or "@" in parts.netloc or ":" in parts.netloc:
        raise AddressRefused(f"{text!r} says more than an address of a store does: write {FORMS}")
    match parts.scheme:
        case "file":
            return _folder(text, parts)
        case "s3":
            return _bucket(text, parts)
        case "azblob":
            return _container(text, parts)
    raise AddressRefused(f"{text!r} is no address of a store: write {FORMS}")


def _folder(text: str, parts: SplitResult) -> Folder:
    path = Path(unquote(parts.path))
    if parts.netloc or not path.is_absolute():
        raise AddressRefused(f"{text!r} names no folder of this machine: write file:///folder")
    return Folder(path)


def _bucket(text: str, parts: SplitResult) -> Bucket:
    if not _BUCKET.fullmatch(parts.netloc):
        raise AddressRefused(f"{text!r} names no bucket: write s3://bucket/beneath")
    return Bucket(parts.netloc, _beneath(text, parts.path))


def _container(text: str, parts: SplitResult) -> Container:
    name, _, rest = parts.path.removeprefix("/").partition("/")
    if not _ACCOUNT.fullmatch(parts.netloc) or not _CONTAINER.fullmatch(name):
        raise AddressRefused(f"{text!r} names no container: write azblob://account/container/beneath")
    return Container(parts.netloc, name, _beneath(text, rest))


def _beneath(text: str, path: str) -> str:
    beneath = path.strip("/")
    if beneath and not NAME.fullmatch(beneath):
        raise AddressRefused(f"{text!r}: {beneath!r} is no path of letters, digits, hyphens, dots and underscores")
    return beneath
