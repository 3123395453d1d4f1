"""Bytes by name, outside the databases: a folder, a bucket of Amazon S3 or a container of Azure Blob Storage.

    store = object_store("s3://production-eu-documents")
    store.put("eu/identity/…", sealed)

One address says which (addresses.py); what a store must be able to do stands in stores.py.
"""

from fintech.object_storage.addresses import AddressRefused
from fintech.object_storage.opening import object_store
from fintech.object_storage.stores import FirstVersion, NotLocked, ObjectExists, ObjectMissing, ObjectStore, StorageAway

__all__ = [
    "AddressRefused",
    "FirstVersion",
    "NotLocked",
    "ObjectExists",
    "ObjectMissing",
    "ObjectStore",
    "StorageAway",
    "object_store",
]
