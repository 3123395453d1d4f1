"""Where a client's money came from, and how much of it has gone back there."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Min, QuerySet, Sum

from fintech.ledger.currencies import currency
from fintech.ledger.money import Money
from fintech.privacy.sealing import unseal_all
from payments.models import Deposit, PaymentSource, Payout
from payments.rules.return_to_source import Source
from payments.rules.states import GOING_OUT


def sources_of_client(client_id: UUID) -> QuerySet[PaymentSource]:
    """A client's cards and bank accounts."""
    return PaymentSource.objects.filter(client_id=client_id)


def sources_in_currency(client_id: UUID, currency_code: str, *, but_not: UUID | None = None) -> list[Source]:
    """The sources of a client's settled deposits in one currency, as the return-to-source plan wants them.

    What is planned for them or on its way counts as returned, but for the payouts of the withdrawal `but_not`, which
    is about to be planned anew; so does what was charged back.
    """
    unit = currency(currency_code)
    came = {
        row["source_id"]: row
        for row in Deposit.objects.filter(
            client_id=client_id, currency=currency_code, state__in=["settled", "charged_back"]
        )
        .exclude(source_id=None)
        .values("source_id")
        .annotate(total=Sum("amount_minor"), first=Min("settled_at"))
    }
    went = _went(list(came), currency_code, but_not)
    open_ids = set(PaymentSource.objects.filter(pk__in=came, accepts_returns=True).values_list("pk", flat=True))
    return [
        Source(
            source_id=source_id,
            first_deposit_at=row["first"],
            deposited=Money(int(row["total"]), unit),
            returned=Money(went.get(source_id, 0), unit),
            accepts_returns=source_id in open_ids,
        )
        for source_id, row in came.items()
    ]


def verified_bank_account(client_id: UUID) -> UUID | None:
    """The bank account that staff verified last as the client's own; None when there is none."""
    return (
        sources_of_client(client_id)
        .filter(kind="bank", verified_at__isnull=False, accepts_returns=True)
        .order_by("-verified_at")
        .values_list("pk", flat=True)
        .first()
    )


def displays_of(sources: list[PaymentSource]) -> dict[UUID, str]:
    """How sources are shown to people ("card ending 4242"); a kind alone for what has been erased."""
    opened = unseal_all("payments", [bytes(source.display_sealed) for source in sources])
    return {
        source.pk: text if text is not None else source.get_kind_display()
        for source, text in zip(sources, opened, strict=True)
    }


def _went(source_ids: list[UUID], currency_code: str, but_not: UUID | None) -> dict[UUID, int]:
    """Minor units that went back to each source, or may still go."""
    payouts = Payout.objects.filter(destination_id__in=source_ids, currency=currency_code, state__in=GOING_OUT)
    if but_not is not None:
        payouts = payouts.exclude(withdrawal_id=but_not)
    charged = Deposit.objects.filter(source_id__in=source_ids, currency=currency_code, state="charged_back")
    total: dict[UUID, int] = {}
    for source_id, amount in [
        *payouts.values_list("destination_id").annotate(Sum("amount_minor")),
        *charged.values_list("source_id").annotate(Sum("amount_minor")),
    ]:
        total[source_id] = total.get(source_id, 0) + int(amount)
    return total
