"""How the parts of a cell are called on Azure, for the templates and for the manifests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from deploy.definition import AzurePlace, CellPlace, Environment

# Where Azure's Redis listens.
CACHE_PORT: Final = 10_000
# Versions of Azure's interfaces, those that the locked libraries speak.
VERSIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Microsoft.AlertsManagement": "2023-03-01",
        "Microsoft.Authorization": "2022-04-01",
        "Microsoft.Cache": "2025-07-01",
        "Microsoft.Cdn": "2026-10-01",
        "Microsoft.ContainerRegistry": "2025-11-01",
        "Microsoft.ContainerService": "2026-08-01",
        "Microsoft.DBforPostgreSQL": "2026-10-01",
        "Microsoft.Insights/actionGroups": "2023-01-01",
        "Microsoft.Insights/dataCollection": "2023-03-11",
        "Microsoft.Insights/metricAlerts": "2018-03-01",
        "Microsoft.KeyVault": "2026-05-15",
        "Microsoft.ManagedIdentity": "2024-11-30",
        "Microsoft.Monitor": "2025-10-03",
        "Microsoft.Network/FrontDoorWebApplicationFirewallPolicies": "2025-10-01",
        "Microsoft.Network/privateDnsZones": "2024-06-01",
        "Microsoft.Storage": "2026-09-01",
    }
)


@dataclass(frozen=True)
class Names:
    """Every name that two files must agree on. Some are unique on all of Azure, and begin with the cell's own word."""

    environment: Environment
    cell: CellPlace
    place: AzurePlace

    @classmethod
    def of(cls, environment: Environment, cell: CellPlace) -> Names:
        """The names of a cell on Azure."""
        assert cell.azure is not None, f"{cell.name} isn't on Azure"
        return cls(environment, cell, cell.azure)

    @property
    def prefix(self) -> str:
        """Where the cell's secrets stand: `production/eu`."""
        return f"{self.environment.name}/{self.cell.name}"

    @property
    def stack(self) -> str:
        """The cell's own name: of its group of resources, its cluster and its namespace."""
        return f"{self.environment.name}-{self.cell.name}"

    @property
    def server(self) -> str:
        """The primary's server."""
        return f"{self.place.unique}-{self.stack}"

    @property
    def primary(self) -> str:
        """Where the primary answers: a name in a zone of the cell's network alone, by which TLS knows it."""
        return f"{self.server}.postgres.database.azure.com"

    @property
    def replica(self) -> str:
        """Where the first replica answers."""
        return f"{self.server}-replica-1.postgres.database.azure.com"

    @property
    def cache(self) -> str:
        """The cache's name."""
        return f"{self.place.unique}-{self.stack}"

    @property
    def cache_host(self) -> str:
        """Where the cache answers."""
        return f"{self.cache}.{self.cell.region}.redis.azure.net"

    @property
    def vault(self) -> str:
        """The vault, whose names are short."""
        return f"{self.place.unique}-{self.cell.name}-{self.environment.name}"[:24].rstrip("-")

    @property
    def objects(self) -> str:
        """The account of blobs: small letters and digits only."""
        return f"{self.place.unique}{self.cell.name}{self.environment.name}"[:24]

    @property
    def registry(self) -> str:
        """The registry of images."""
        return f"{self.place.unique}{self.cell.name}{self.environment.name}"

    def secret(self, name: str) -> str:
        """What the vault calls a declared secret: as the product asks for it (fintech/secrets/vault_names.py)."""
        return f"{self.prefix}/{name}".replace("/", "--").replace("_", "-").replace(".", "-")
