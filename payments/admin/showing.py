"""How payments' pages show money, states and next steps."""

from __future__ import annotations

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from fintech.ledger.currencies import currency
from fintech.ledger.money import Money
from payments.rules.next_steps import NextStep


def money(minor: int | None, code: str | None) -> str:
    """An amount with its currency; "none" where a message names none."""
    if minor is None:
        return "none"
    try:
        return str(Money(minor, currency(code or "")))
    except ValueError:
        return f"{minor} minor units of {code or 'no currency'}"


def waiting_for(step: NextStep | None) -> str:
    """Who is to do what; "none" once nothing more is to come."""
    return "none" if step is None else f"{step.held_by}: {step.step}"


def client_link(client_id: object) -> SafeString:
    """The client's page in the back office of crm."""
    return format_html('<a href="{}">{}</a>', reverse("admin:crm_client_change", args=[client_id]), client_id)
