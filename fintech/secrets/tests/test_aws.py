from __future__ import annotations

import json
from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from fintech.secrets import (
    SecretMissing,
    SecretProvider,
    SecretsUnavailable,
    fresh_on_failure,
    refresh,
    secret,
    use_provider,
)
from fintech.secrets.aws import SecretsManagerSecrets
from tests.clouds.amazon import Amazon

NAME = "production/eu/database/payments_app"


@pytest.fixture
def stubbed() -> Iterator[tuple[SecretsManagerSecrets, Stubber]]:
    client = boto3.client(
        "secretsmanager", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    with Stubber(client) as stub:
        yield SecretsManagerSecrets("eu-central-1", client=client), stub
        stub.assert_no_pending_responses()


def test_it_reads_the_current_version_by_name(stubbed: tuple[SecretsManagerSecrets, Stubber]) -> None:
    secrets, stub = stubbed
    stub.add_response(
        "get_secret_value", {"Name": NAME, "SecretString": "s3cret"}, {"SecretId": NAME, "VersionStage": "AWSCURRENT"}
    )
    assert isinstance(secrets, SecretProvider)
    assert secrets.fetch(NAME) == "s3cret"


def test_of_what_amazon_rotates_it_gives_the_password(stubbed: tuple[SecretsManagerSecrets, Stubber]) -> None:
    secrets, stub = stubbed
    kept = '{"engine": "postgres", "host": "db.invalid", "username": "payments_app", "password": "s3cret"}'
    stub.add_response("get_secret_value", {"Name": NAME, "SecretString": kept})
    assert secrets.fetch(NAME) == "s3cret"


@pytest.mark.parametrize("text", ['{"username": "payments_app"}', '{"password": ""}'])
def test_what_amazon_rotates_without_a_password_is_missing(
    stubbed: tuple[SecretsManagerSecrets, Stubber], text: str
) -> None:
    secrets, stub = stubbed
    stub.add_response("get_secret_value", {"Name": NAME, "SecretString": text})
    with pytest.raises(SecretMissing, match="no text"):
        secrets.fetch(NAME)


def test_a_text_that_only_looks_like_json_is_the_secret(stubbed: tuple[SecretsManagerSecrets, Stubber]) -> None:
    secrets, stub = stubbed
    stub.add_response("get_secret_value", {"Name": NAME, "SecretString": "{x"})
    assert secrets.fetch(NAME) == "{x"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ResourceNotFoundException", SecretMissing),
        ("AccessDeniedException", SecretsUnavailable),
        ("InternalServiceError", SecretsUnavailable),
    ],
)
def test_what_amazon_refuses_is_named(
    stubbed: tuple[SecretsManagerSecrets, Stubber], code: str, kind: type[Exception]
) -> None:
    secrets, stub = stubbed
    stub.add_client_error("get_secret_value", service_error_code=code)
    with pytest.raises(kind, match=NAME):
        secrets.fetch(NAME)


def test_a_secret_without_a_text_is_missing(stubbed: tuple[SecretsManagerSecrets, Stubber]) -> None:
    secrets, stub = stubbed
    stub.add_response("get_secret_value", {"Name": NAME, "SecretBinary": b"x"})
    with pytest.raises(SecretMissing, match="no text"):
        secrets.fetch(NAME)


class Away:
    def get_secret_value(self, **_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://secrets.invalid")


def test_a_store_that_is_away_is_named() -> None:
    with pytest.raises(SecretsUnavailable, match="can't be asked"):
        SecretsManagerSecrets("eu-central-1", client=Away()).fetch(NAME)


@pytest.fixture
def amazon() -> Iterator[Amazon]:
    server = Amazon()
    yield server
    server.stop()


class Refused(Exception):
    """What a server says to a wrong password."""


def test_a_rotated_secret_is_seen_when_a_server_refuses_the_old_one(amazon: Amazon) -> None:
    manager = amazon.client("secretsmanager")
    kept = {"engine": "postgres", "username": "payments_app"}
    first = manager.create_secret(Name=NAME, SecretString=json.dumps({**kept, "password": "first"}))["VersionId"]
    use_provider(SecretsManagerSecrets("eu-central-1", client=manager))
    tried = []

    def opens(password: str) -> str:
        tried.append(password)
        if password != "second":
            raise Refused
        return "open"

    try:
        assert secret(NAME) == "first"
        # A rotation makes the new version, tries it, and only then calls it the current one.
        version = manager.put_secret_value(
            SecretId=NAME, SecretString=json.dumps({**kept, "password": "second"}), VersionStages=["AWSPENDING"]
        )["VersionId"]
        assert refresh(NAME) == "first"
        manager.update_secret_version_stage(
            SecretId=NAME,
            VersionStage="AWSCURRENT",
            MoveToVersionId=version,
            RemoveFromVersionId=first,
        )
        assert fresh_on_failure(NAME, opens, refused=lambda error: isinstance(error, Refused)) == "open"
        assert tried == ["first", "second"]
        with pytest.raises(SecretMissing, match="no secret"):
            secret("production/eu/database/nobody")
    finally:
        use_provider(None)
