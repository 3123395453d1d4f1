"""A provider is told addresses of this very deployment: staging's never lead to production."""

from __future__ import annotations

from typing import Any

from fintech.cells import CellContext
from payments.psps.deployment import return_url, webhook_url


def test_addresses_lead_to_a_host_that_this_deployment_answers_to(eu: CellContext, settings: Any) -> None:
    settings.FINTECH_PSPS = {"stripe": {}}
    settings.ALLOWED_HOSTS = ["eu.staging.example.com"]
    assert webhook_url("stripe", entity="eu-main") == "https://eu.staging.example.com/webhooks/stripe/"
    settings.ALLOWED_HOSTS = ["eu.localhost", "eu.staging.example.com", "eu.example.com"]
    assert return_url("stripe", entity="eu-main", deposit_id="7") == "https://eu.example.com/api/v1/deposits/7"
