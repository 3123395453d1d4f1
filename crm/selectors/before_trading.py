"""Reading what a client has answered and accepted before trading."""

from __future__ import annotations

import json
from collections.abc import Mapping
from uuid import UUID

from django.db.models import QuerySet

from crm.models import AppropriatenessTest, RiskWarningAcceptance
from fintech.privacy.sealing import unseal


def tests_of(client_id: UUID) -> QuerySet[AppropriatenessTest]:
    """A client's answers, as judged; the latest first."""
    return AppropriatenessTest.objects.filter(client_id=client_id).order_by("-answered_at")


def acceptances_of(client_id: UUID) -> QuerySet[RiskWarningAcceptance]:
    """The risk warnings that a client has accepted; the latest first."""
    return RiskWarningAcceptance.objects.filter(client_id=client_id).order_by("-accepted_at")


def answers_in(test: AppropriatenessTest) -> Mapping[str, str]:
    """The answers in clear, by question. Whoever shows them to staff records the look first (`services.looks`).

    Raises Erased when the client has been forgotten.
    """
    opened: Mapping[str, str] = json.loads(unseal("crm", bytes(test.answers_sealed), person_id=test.client_id))
    return opened
