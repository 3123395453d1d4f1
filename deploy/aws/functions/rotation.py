"""Rotates what isn't a password of PostgreSQL's: Secrets Manager calls it for each of the four steps of a rotation.

Valkey takes a new password beside the old one, so nothing is refused while processes start anew. What processes read
once, when they start, reaches them by a restart of each service, as a deploy of the same version would be.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

import boto3

CURRENT, PENDING = "AWSCURRENT", "AWSPENDING"
LENGTH: Final = 48
VALKEY: Final = "/valkey/password"


def handler(event: Mapping[str, Any], _context: object) -> None:
    """One step. Raises what AWS raises: Secrets Manager tries the step again, and says so in its events."""
    Rotation(boto3.client, event["SecretId"], event["ClientRequestToken"]).step(event["Step"])


class Rotation:
    """One rotation of one secret, by its token."""

    def __init__(self, client: Any, secret: str, token: str) -> None:
        self._secrets, self._client = client("secretsmanager"), client
        self._secret, self._token = secret, token

    def step(self, name: str) -> None:
        """Do one step; each may be done twice."""
        found = self._secrets.describe_secret(SecretId=self._secret)
        stages = found["VersionIdsToStages"].get(self._token, [])
        if CURRENT in stages:
            return
        steps = {
            "createSecret": self._create,
            "setSecret": self._set,
            "testSecret": self._test,
            "finishSecret": self._finish,
        }
        steps[name](found)

    def _create(self, found: Mapping[str, Any]) -> None:
        if PENDING in found["VersionIdsToStages"].get(self._token, []) and self._has_value():
            return
        made = self._secrets.get_random_password(PasswordLength=LENGTH, ExcludePunctuation=True)
        self._secrets.put_secret_value(
            SecretId=self._secret,
            ClientRequestToken=self._token,
            SecretString=made["RandomPassword"],
            VersionStages=[PENDING],
        )

    def _has_value(self) -> bool:
        try:
            return bool(self._pending())
        except self._secrets.exceptions.ResourceNotFoundException:
            return False

    def _pending(self) -> str:
        found = self._secrets.get_secret_value(SecretId=self._secret, VersionId=self._token, VersionStage=PENDING)
        return str(found["SecretString"])

    def _set(self, found: Mapping[str, Any]) -> None:
        if found["Name"].endswith(VALKEY):
            self._client("elasticache").modify_replication_group(
                ReplicationGroupId=os.environ["REPLICATION_GROUP"],
                AuthToken=self._pending(),
                AuthTokenUpdateStrategy="ROTATE",
                ApplyImmediately=True,
            )

    def _test(self, found: Mapping[str, Any]) -> None:
        """Nothing goes on before Valkey has taken the password."""
        if not found["Name"].endswith(VALKEY):
            return
        groups = self._client("elasticache").describe_replication_groups(
            ReplicationGroupId=os.environ["REPLICATION_GROUP"]
        )
        if groups["ReplicationGroups"][0]["Status"] != "available":
            raise RuntimeError("Valkey is still taking its new password")

    def _finish(self, found: Mapping[str, Any]) -> None:
        before = next(version for version, stages in found["VersionIdsToStages"].items() if CURRENT in stages)
        self._secrets.update_secret_version_stage(
            SecretId=self._secret, VersionStage=CURRENT, MoveToVersionId=self._token, RemoveFromVersionId=before
        )
        cluster = os.environ["CLUSTER"]
        for service in os.environ["SERVICES"].split():
            self._client("ecs").update_service(cluster=cluster, service=service, forceNewDeployment=True)
