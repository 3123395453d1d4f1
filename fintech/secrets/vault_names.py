"""What a secret is called where only letters, digits and hyphens may be: in Azure's Key Vault. Pure."""

from __future__ import annotations


def vault_name(name: str) -> str:
    """`eu/valkey/password` is `eu--valkey--password`, `eu/database/crm_app` is `eu--database--crm-app`.

    Two names of one vault must not become one: tests/deploy/test_azure_place.py looks after those that are declared.
    """
    return name.replace("/", "--").replace("_", "-").replace(".", "-")
