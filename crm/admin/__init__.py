"""The back office of crm, and the base that other concerns build theirs on."""

from crm.admin import clients, identity_cases, introducing_brokers, platform, staff  # noqa: F401
