"""The back office of crm, and the base that other concerns build theirs on."""

from crm.admin import (  # noqa: F401
    before_trading,
    books,
    clients,
    identity_cases,
    introducing_brokers,
    outgoing_mails,
    platform,
    rules_in_force,
    staff,
)
