"""Reading deposits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Min, QuerySet, Sum

from fintech.cells.prepared_look_ups import PreparedLookUp
from fintech.factlog.reading import read_subject
from fintech.facts.crm import ClientRegistered
from fintech.ledger.currencies import currency
from fintech.ledger.money import Money
from payments.models import Deposit


@dataclass(frozen=True, kw_only=True)
class DepositsSoFar:
    """What a client has paid in, or may still pay by a deposit under way, in one currency; and since when at all."""

    total: Money
    first_at: datetime | None


def deposits_of_client(client_id: UUID) -> QuerySet[Deposit]:
    """A client's deposits."""
    return Deposit.objects.filter(client_id=client_id)


def deposit_of_client(client_id: UUID, deposit_id: UUID) -> Deposit | None:
    """One deposit with its wallet, if it is this client's."""
    return _deposit_of_client.first(client_id, deposit_id)


_deposit_of_client = PreparedLookUp(
    lambda client_id, deposit_id: deposits_of_client(client_id).select_related("wallet").filter(pk=deposit_id)
)


def contract_began_at(client_id: UUID) -> datetime | None:
    """When the client's contract began: at the first fact about them, their registration."""
    first = read_subject("crm", ("client", str(client_id)), after_seq=0, limit=1)
    return first[0].recorded_at if first and isinstance(first[0].fact, ClientRegistered) else None


def deposits_so_far(client_id: UUID, *, currency_code: str) -> DepositsSoFar:
    """What counts against the limit before verification: everything that hasn't come to nothing."""
    counting = deposits_of_client(client_id).exclude(state__in=["failed", "expired"])
    total = counting.filter(currency=currency_code).aggregate(total=Sum("amount_minor"))["total"] or 0
    return DepositsSoFar(
        total=Money(int(total), currency(currency_code)),
        first_at=counting.aggregate(first=Min("requested_at"))["first"],
    )
