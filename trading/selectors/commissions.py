"""Reading commissions: who stood above a client, what a scheme paid, and what is still to be paid out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from trading.models import CommissionAccrual, CommissionScheme, Introduction


@dataclass(frozen=True, kw_only=True)
class Unpaid:
    """Accruals of an introducing broker that wait for a payout, up to the latest, `through`."""

    ib_id: UUID
    entity: str
    currency: str
    through: UUID


def chain_at(client_id: UUID, moment: datetime) -> tuple[UUID, ...]:
    """The introducing brokers above a client at a moment, nearest first; none for a client who came alone."""
    introduction = (
        Introduction.objects.filter(client_id=client_id, effective_from__lte=moment)
        .order_by("-effective_from", "-fact_id")
        .first()
    )
    return tuple(introduction.chain) if introduction else ()


def scheme_at(moment: datetime) -> CommissionScheme | None:
    """The commission scheme in effect at a moment, if there is one."""
    return CommissionScheme.objects.filter(effective_from__lte=moment).order_by("-effective_from").first()


def unpaid() -> list[Unpaid]:
    """What a payout run has to pay: per introducing broker, entity and currency."""
    latest = (
        CommissionAccrual.objects.filter(payout=None)
        .order_by("ib_id", "entity", "currency", "-id")
        .distinct("ib_id", "entity", "currency")
    )
    return [Unpaid(ib_id=row.ib_id, entity=row.entity, currency=row.currency, through=row.id) for row in latest]


def accruals_of(ib_id: UUID) -> QuerySet[CommissionAccrual]:
    """What an introducing broker earned, fill by fill."""
    return CommissionAccrual.objects.filter(ib_id=ib_id).select_related("scheme", "payout")
