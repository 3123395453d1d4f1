"""The copy of what crm says about a client: keeping it, and what it permits.

A fill reads no other database, so what it needs to know of a client stands here. The copy says how old it is
by crm's heartbeats; while it is older than 5 s, or a fact of the client was set aside, only closing is
allowed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from fintech.cells import alias_for, current_cell
from fintech.cells.prepared_look_ups import PreparedLookUp
from fintech.factlog.models import Parked
from fintech.facts.crm import ClientIntroduced, ClientStandingChanged
from fintech.journal import Refusal
from trading.models import ClientStanding, Introduction, SourceClock
from trading.rules.terms import ClientCategory

FOLLOWER: Final = "trading.client_standing"
MAXIMUM_AGE: Final = timedelta(seconds=5)
_CRM: Final = "crm"


def keep_standing(fact: ClientStandingChanged, *, fact_id: int) -> None:
    """Take over a client's standing as it is now."""
    ClientStanding.objects.update_or_create(
        client_id=fact.client_id,
        defaults={
            "entity": fact.entity,
            "category": fact.category,
            "status": fact.status,
            "verified": fact.verified,
            "risk": fact.risk,
            "may_trade": fact.may_trade,
            "since": fact.since,
            "fact_id": fact_id,
        },
    )


def keep_introduction(fact: ClientIntroduced, *, fact_id: int) -> None:
    """Take over who introduced a client, from when on."""
    Introduction.objects.update_or_create(
        fact_id=fact_id,
        defaults={
            "client_id": fact.client_id,
            "chain": list(fact.chain),
            "effective_from": fact.effective_from,
        },
    )


def move_clock(at: datetime) -> None:
    """Note that everything which crm recorded before `at` (its own time) is known here."""
    SourceClock.objects.update_or_create(source=_CRM, defaults={"at": at})


def require_standing(client_id: UUID, *, now: datetime) -> ClientStanding:
    """The client's standing, if it's known to be up to date and permits to open. Raises Refusal otherwise."""
    # The clock first: what is read after it can only be younger than it says.
    clock = _clock.first()
    age = now - clock.at if clock else None
    if age is None or age > MAXIMUM_AGE or _set_aside(client_id):
        raise Refusal(
            "standing-stale",
            "What is known of the client's standing is older than 5 s. Until it's up to date, only closing is allowed.",
            rule="only-closing-while-standing-is-old",
            age_ms=None if age is None else round(age.total_seconds() * 1000),
            threshold_ms=round(MAXIMUM_AGE.total_seconds() * 1000),
        )
    standing = _standing.first(client_id)
    if standing is None:
        raise Refusal("standing-unknown", "Nothing is known of this client yet.", status=409, rule="standing-known")
    _refuse_unless_permitted(standing, now)
    return standing


def category_of(client_id: UUID) -> ClientCategory:
    """The client's category; of one who isn't known the most protected one."""
    standing = _standing.first(client_id)
    return ClientCategory(standing.category.replace("_", "-")) if standing else ClientCategory.RETAIL


_clock = PreparedLookUp(lambda: SourceClock.objects.filter(source=_CRM))
_standing = PreparedLookUp(lambda client_id: ClientStanding.objects.filter(client_id=client_id))


def _refuse_unless_permitted(standing: ClientStanding, now: datetime) -> None:
    rules = current_cell().jurisdiction.rules_at(now).pre_verification_deposits
    # Who may deposit before identity is proved may deal with that money as well.
    identity = standing.verified or (rules.allowed and (standing.risk == "low" or not rules.only_low_risk))
    failed = [
        name
        for name, holds in (
            ("status-active", standing.status == "active"),
            ("identity-verified", identity),
            ("appropriateness-and-risk-warning", standing.may_trade),
        )
        if not holds
    ]
    if failed:
        raise Refusal(
            "may-not-trade",
            f"This client may not open positions or accounts: {failed[0].replace('-', ' ')} isn't so.",
            rule=failed[0],
            failed=failed,
            status_known=standing.status,
            verified=standing.verified,
            since=standing.since,
        )


def _set_aside(client_id: UUID) -> bool:
    """Whether a fact of this client waits parked: then the copy is old for this client, whatever the clock
    says.
    """
    return (
        Parked.objects.using(alias_for("trading"))
        .filter(follower=FOLLOWER, subject_type="client", subject_id=str(client_id), resolved_at=None)
        .exists()
    )
