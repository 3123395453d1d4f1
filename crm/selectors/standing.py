"""What a client may do, read from the primary: for decisions that must not act on an older copy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from crm.models import AppropriatenessTest, Client, IdentityCase, RiskWarningAcceptance
from crm.rules.identity_cases import State
from crm.rules.next_steps import NextStep, next_steps
from crm.rules.standing import BeforeTrading, Category, Risk, Status
from fintech.cells import current_cell
from fintech.cells.prepared_look_ups import PreparedLookUp


class UnknownClient(LookupError):
    """This cell has no client of this id."""


@dataclass(frozen=True, kw_only=True)
class ClientStanding:
    """A client's standing. `verified` says that identity is proved, `may_trade` that test and warning are done."""

    client_id: UUID
    entity: str
    category: Category
    status: Status
    verified: bool
    risk: Risk
    may_trade: bool
    since: datetime


def client_standing(client_id: UUID) -> ClientStanding:
    """The standing at this moment. Raises UnknownClient."""
    client = _client.first(client_id)
    if client is None:
        raise UnknownClient(f"no client {client_id} in cell {current_cell().name}")
    return standing_of(client)


_client = PreparedLookUp(lambda client_id: Client.objects.filter(pk=client_id))


def standing_of(client: Client) -> ClientStanding:
    """The standing that a row says."""
    return ClientStanding(
        client_id=client.pk,
        entity=client.entity,
        category=cast(Category, str(client.category)),
        status=cast(Status, str(client.status)),
        verified=client.verified_at is not None,
        risk=cast(Risk, str(client.risk)),
        may_trade=client.may_trade,
        since=client.standing_since,
    )


def before_trading(client: Client, at: datetime) -> BeforeTrading:
    """What the jurisdiction's rules of a moment ask before trading, and what the client has done of it."""
    rules = current_cell().jurisdiction.rules_at(at)
    tests = AppropriatenessTest.objects.filter(client=client, passed=True)
    acceptances = RiskWarningAcceptance.objects.filter(client=client, entity=client.entity)
    return BeforeTrading(
        asked=rules.appropriateness,
        passed=set(tests.values_list("kind", flat=True)),
        warning=rules.risk_warnings[client.entity].version,
        accepted=set(acceptances.values_list("version", flat=True)),
    )


def steps_of(client: Client, at: datetime) -> tuple[NextStep, ...]:
    """What is still to be done before the client has full use of the account."""
    open_cases = IdentityCase.objects.filter(client=client, state__in=["draft", "submitted"])
    standing = standing_of(client)
    return next_steps(
        standing.category,
        before_trading(client, at),
        verified=standing.verified,
        open_case=cast(State | None, open_cases.values_list("state", flat=True).first()),
    )
