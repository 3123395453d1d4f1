"""From an address to a store. What the store speaks by is loaded only where it is used."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from fintech.object_storage.addresses import Bucket, Container, Folder, parse_address
from fintech.object_storage.folder import FolderObjects
from fintech.object_storage.stores import ObjectStore


@cache
def object_store(address: str) -> ObjectStore:
    """The store at this address, one for a process: its connections are kept. Raises AddressRefused."""
    match parse_address(address):
        case Folder(path):
            return FolderObjects(path)
        case Bucket(name, beneath):
            from fintech.object_storage.s3 import S3Objects

            return S3Objects(name, beneath, region=settings.FINTECH_REGION)
        case Container() as container:
            from fintech.object_storage.azure_blob import BlobObjects

            return BlobObjects.at(container)
