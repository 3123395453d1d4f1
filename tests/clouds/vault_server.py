"""As much of Azure Key Vault's REST as the product asks for: a secret by name, for who brings the token it asks for.

Source: Microsoft's reference of the Key Vault service (Get Secret) and of its authentication by challenge.
"""

from __future__ import annotations

import json
from pathlib import Path

from azure.keyvault.secrets import SecretClient

from fintech.secrets.azure import client_of
from tests.clouds.https_server import TOKEN, Answer, Asked, HttpsServer, StaticCredential

RESOURCE = "https://vault.azure.net"
CHALLENGE = f'Bearer authorization="https://login.microsoftonline.com/the-tenant", resource="{RESOURCE}"'


class VaultServer(HttpsServer):
    """One vault. `versions` are the secrets by name, the latest last; whose name is in `refused` isn't shown to us."""

    def __init__(self, folder: Path) -> None:
        self.versions: dict[str, list[str]] = {}
        self.refused: set[str] = set()
        self.asked: list[str] = []
        super().__init__(folder)

    def client(self, credential: StaticCredential) -> SecretClient:
        """The real SDK's client. By name it would refuse a challenge of another domain; this one has no name."""
        trusted = str(self.authority)
        return client_of(self.address, credential, connection_verify=trusted, verify_challenge_resource=False)

    def answer(self, asked: Asked) -> Answer:
        given = asked.headers.get("authorization")
        if given != f"Bearer {TOKEN}":
            return _refused(401, "Unauthorized", {"WWW-Authenticate": CHALLENGE})
        _, kind, name, *_version = asked.path.split("/")
        assert (asked.method, kind, "api-version" in asked.query) == ("GET", "secrets", True)
        self.asked.append(name)
        if name in self.refused:
            return _refused(403, "Forbidden")
        versions = self.versions.get(name)
        if not versions:
            return _refused(404, "SecretNotFound")
        told = {
            "value": versions[-1],
            "id": f"{self.address}/secrets/{name}/{len(versions):032x}",
            "attributes": {"enabled": True},
        }
        return Answer(200, {"Content-Type": "application/json"}, json.dumps(told).encode())


def _refused(status: int, code: str, headers: dict[str, str] | None = None) -> Answer:
    body = {"error": {"code": code, "message": f"the vault says: {code}"}}
    return Answer(status, {"Content-Type": "application/json", **(headers or {})}, json.dumps(body).encode())
