"""Amazon's interfaces on this machine: moto's server, asked over a socket by the real SDK."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import boto3
from moto.server import ThreadedMotoServer

REGION = "eu-central-1"


class Amazon:
    """A running server; every account is its own world, and a test makes what it needs under a new name."""

    def __init__(self) -> None:
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._server.start()
        host, port = self._server.get_host_and_port()
        self.address = f"http://{host}:{port}"

    def stop(self) -> None:
        self._server.stop()

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.address,
            aws_access_key_id="nobody",
            aws_secret_access_key="nothing",
        )

    def bucket(self, *, locked_in: str | None = None) -> str:
        """A new bucket; `locked_in` is the mode of its Object Lock."""
        name, s3 = f"bucket-{uuid4().hex}", self.client("s3")
        s3.create_bucket(
            Bucket=name,
            ObjectLockEnabledForBucket=locked_in is not None,
            CreateBucketConfiguration={"LocationConstraint": REGION},
        )
        if locked_in is not None:
            rule = {"DefaultRetention": {"Mode": locked_in, "Days": 2562}}
            s3.put_object_lock_configuration(
                Bucket=name, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
            )
        return name
