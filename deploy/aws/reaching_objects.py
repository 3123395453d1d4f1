"""What a command may do with the cell's objects: get and put, never delete, and only what begins with the cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from aws_cdk import aws_iam as iam

from deploy.aws.objects import Objects
from deploy.definition import Command
from deploy.definition.services import Objects as Kind

# What fintech/object_storage/s3.py asks to read: of anchors the first version of each.
_READ: Final[Mapping[Kind, str]] = MappingProxyType({"documents": "s3:GetObject", "anchors": "s3:GetObjectVersion"})
# Without it S3 says of what isn't there that it is forbidden.
_LIST: Final[Mapping[Kind, str]] = MappingProxyType({"documents": "s3:ListBucket", "anchors": "s3:ListBucketVersions"})


def objects_for(command: Command, cell: str, objects: Objects, region: str) -> Iterator[iam.PolicyStatement]:
    """The statements for its role."""
    for kind in command.objects:
        bucket = f"arn:aws:s3:::{objects.names[kind]}"
        reads = kind in command.reads
        put = ["s3:PutObject"] if kind in command.writes else []
        yield iam.PolicyStatement(actions=[*([_READ[kind]] if reads else []), *put], resources=[f"{bucket}/{cell}/*"])
        if reads:
            beneath = {"StringLike": {"s3:prefix": f"{cell}/*"}}
            yield iam.PolicyStatement(actions=[_LIST[kind]], resources=[bucket], conditions=beneath)
        if put and kind == "anchors":
            # Nothing is signed for a bucket that doesn't say that it is locked.
            yield iam.PolicyStatement(actions=["s3:GetBucketObjectLockConfiguration"], resources=[bucket])
    if command.objects:
        by_s3 = {"StringEquals": {"kms:ViaService": f"s3.{region}.amazonaws.com"}}
        use = [*(["kms:Decrypt"] if command.reads else []), *(["kms:GenerateDataKey"] if command.writes else [])]
        yield iam.PolicyStatement(actions=use, resources=[objects.key.key_arn], conditions=by_s3)
