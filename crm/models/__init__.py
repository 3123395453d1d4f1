"""The concern's tables."""

from crm.models.before_trading import AppropriatenessTest, RiskWarningAcceptance
from crm.models.clients import Client
from crm.models.identity_cases import IdentityCase, IdentityDocument
from crm.models.introducing_brokers import BrokerMembership, IntroducingBroker, Introduction
from crm.models.outgoing_mails import OutgoingMail
from crm.models.users import User

__all__ = [
    "AppropriatenessTest",
    "BrokerMembership",
    "Client",
    "IdentityCase",
    "IdentityDocument",
    "IntroducingBroker",
    "Introduction",
    "OutgoingMail",
    "RiskWarningAcceptance",
    "User",
]
