"""The ledger stands in each database that books money: a book of its own in each."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """Tables in several databases: used through a `Book`, or read through an explicit alias."""

    name = "fintech.ledger"
    label = "ledger"
    concerns = ("trading", "payments")
