"""The audit concern: an append-only Merkle log of everything that the cell's other databases record."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Its tables stand in each cell's audit database."""

    name = "audit"
    label = "audit"
    concern = "audit"
