"""Key Vault, by its own SDK over TLS: found by name, by the identity's token, and seen anew when rotated."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fintech.secrets import SecretMissing, SecretProvider, SecretsUnavailable, fresh_on_failure, secret, use_provider
from fintech.secrets.azure import KeyVaultSecrets
from tests.clouds.https_server import StaticCredential
from tests.clouds.vault_server import RESOURCE, VaultServer

NAME = "production/eu/database/payments_app"
IN_VAULT = "production--eu--database--payments-app"


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[VaultServer]:
    server = VaultServer(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def credential() -> StaticCredential:
    return StaticCredential()


@pytest.fixture
def secrets(vault: VaultServer, credential: StaticCredential) -> Iterator[KeyVaultSecrets]:
    provider = KeyVaultSecrets("of-the-test", client=vault.client(credential))
    use_provider(provider)
    yield provider
    use_provider(None)


def test_it_reads_the_current_version_by_name(
    vault: VaultServer, secrets: KeyVaultSecrets, credential: StaticCredential
) -> None:
    vault.versions[IN_VAULT] = ["first", "second"]
    assert isinstance(secrets, SecretProvider)
    assert secrets.fetch(NAME) == "second"
    assert (vault.asked, credential.scopes) == ([IN_VAULT], [f"{RESOURCE}/.default"])


class Refused(Exception):
    """What a server says to a wrong password."""


def test_a_rotated_secret_is_seen_when_a_server_refuses_the_old_one(
    vault: VaultServer, secrets: KeyVaultSecrets
) -> None:
    vault.versions[IN_VAULT] = ["first"]
    assert (secret(NAME), secret(NAME)) == ("first", "first")
    assert vault.asked == [IN_VAULT]
    vault.versions[IN_VAULT].append("second")
    tried = []

    def opens(password: str) -> str:
        tried.append(password)
        if password != "second":
            raise Refused
        return "open"

    assert fresh_on_failure(NAME, opens, refused=lambda error: isinstance(error, Refused)) == "open"
    assert tried == ["first", "second"]
    assert secret(NAME) == "second"


def test_what_the_vault_has_not_is_missing_and_what_it_refuses_is_told(
    vault: VaultServer, secrets: KeyVaultSecrets
) -> None:
    with pytest.raises(SecretMissing, match=NAME):
        secrets.fetch(NAME)
    vault.versions[IN_VAULT] = [""]
    with pytest.raises(SecretMissing, match="no text"):
        secrets.fetch(NAME)
    vault.versions[IN_VAULT] = ["s3cret"]
    vault.refused = {IN_VAULT}
    with pytest.raises(SecretsUnavailable, match=f"{NAME}(?s:.)*Forbidden") as refused:
        secrets.fetch(NAME)
    assert "s3cret" not in str(refused.value)


def test_another_identitys_token_opens_nothing(vault: VaultServer) -> None:
    vault.versions[IN_VAULT] = ["s3cret"]
    strangers = KeyVaultSecrets("of-the-test", client=vault.client(StaticCredential("another's")))
    with pytest.raises(SecretsUnavailable, match=NAME):
        strangers.fetch(NAME)
    assert vault.asked == []


def test_a_server_whose_certificate_nobody_vouches_for_is_given_no_token(
    vault: VaultServer, credential: StaticCredential, tmp_path: Path
) -> None:
    vault.versions[IN_VAULT] = ["s3cret"]
    (tmp_path / "others").mkdir()
    other = VaultServer(tmp_path / "others")
    other.stop()
    vault.authority = other.authority
    with pytest.raises(SecretsUnavailable, match=r"(?i)certificate"):
        KeyVaultSecrets("of-the-test", client=vault.client(credential)).fetch(NAME)
    assert vault.asked == []


def test_a_vault_that_is_away_is_named(vault: VaultServer, credential: StaticCredential) -> None:
    client = vault.client(credential)
    vault.stop()
    with pytest.raises(SecretsUnavailable, match="Key Vault didn't give"):
        KeyVaultSecrets("of-the-test", client=client).fetch(NAME)


def test_production_asks_the_vault_by_the_pods_own_identity_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ValueError, match="tenant_id"):
        KeyVaultSecrets("fintech-eu")
