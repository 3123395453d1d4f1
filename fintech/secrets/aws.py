"""Secrets from AWS Secrets Manager, read by the role that the process runs under."""

from __future__ import annotations

import json
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from fintech.secrets.providers import SecretMissing, SecretsUnavailable

# Whoever asks waits for the answer: a request, or a pool that opens a connection.
TIMES: Final = Config(connect_timeout=2, read_timeout=3, retries={"max_attempts": 3, "mode": "standard"})
MISSING: Final = "ResourceNotFoundException"
# What a rotation hasn't tried yet is pending, and opens nothing.
CURRENT: Final = "AWSCURRENT"


class SecretsManagerSecrets:
    """The current version of each secret in one region. A role that may not read one gets SecretsUnavailable."""

    def __init__(self, region: str, *, client: Any = None) -> None:
        self._client = client or boto3.client("secretsmanager", region_name=region, config=TIMES)

    def fetch(self, name: str) -> str:
        """The value of the moment. Secrets Manager's own message says who was refused what, and never a value."""
        try:
            answer = self._client.get_secret_value(SecretId=name, VersionStage=CURRENT)
        except ClientError as refused:
            if refused.response["Error"]["Code"] == MISSING:
                raise SecretMissing(f"Secrets Manager has no secret {name!r}, or it has no value yet") from None
            raise SecretsUnavailable(f"Secrets Manager didn't give {name!r}: {refused}") from refused
        except BotoCoreError as away:
            raise SecretsUnavailable(f"Secrets Manager can't be asked for {name!r}: {away}") from away
        value = _password(answer.get("SecretString"))
        if not isinstance(value, str) or not value:
            raise SecretMissing(f"Secrets Manager has no text for the secret {name!r}")
        return value


def _password(text: object) -> object:
    """The text; of what AWS's own rotation keeps as JSON, with server and role, the password."""
    if not isinstance(text, str) or not text.startswith("{"):
        return text
    try:
        return json.loads(text).get("password")
    except ValueError:
        return text
