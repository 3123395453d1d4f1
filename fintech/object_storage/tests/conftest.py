"""Every kind of store."""

from tests.clouds.stores import amazon, blob_objects, blob_server, objects, s3_objects

__all__ = ["amazon", "blob_objects", "blob_server", "objects", "s3_objects"]
