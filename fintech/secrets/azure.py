"""Secrets from Azure's Key Vault, read by the workload's identity."""

from __future__ import annotations

from typing import Any, Final

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.identity import WorkloadIdentityCredential
from azure.keyvault.secrets import SecretClient

from fintech.secrets.providers import SecretMissing, SecretsUnavailable
from fintech.secrets.vault_names import vault_name

# Whoever asks waits for the answer: a request, or a pool that opens a connection.
TIMES: Final = {"connection_timeout": 2, "read_timeout": 3, "retry_total": 2, "retry_backoff_factor": 0.2}


class KeyVaultSecrets:
    """The current version of each secret in one vault. An identity that may not read one gets SecretsUnavailable."""

    def __init__(self, vault: str, *, client: Any = None) -> None:
        # The identity that Kubernetes gives the pod, and no other: neither a developer's nor one of the environment.
        self._client = client or client_of(f"https://{vault}.vault.azure.net", WorkloadIdentityCredential())

    def fetch(self, name: str) -> str:
        """The value of the moment. Key Vault's own message says who was refused what, and never a value."""
        try:
            value = self._client.get_secret(vault_name(name)).value
        except ResourceNotFoundError:
            raise SecretMissing(f"Key Vault has no secret {name!r}") from None
        except AzureError as why:
            raise SecretsUnavailable(f"Key Vault didn't give {name!r}: {why}") from why
        if not value:
            raise SecretMissing(f"Key Vault has no text for the secret {name!r}")
        return str(value)


def client_of(url: str, credential: TokenCredential, **more: Any) -> SecretClient:
    """What speaks to a vault, as patient as whoever waits for it."""
    return SecretClient(url, credential, **TIMES, **more)
