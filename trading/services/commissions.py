"""What introducing brokers earn: accrued from each fill, paid out to their wallets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from uuid import UUID

from fintech.cells import current_cell
from fintech.factlog import record
from fintech.facts.trading import CommissionAccrued, CommissionPaid, OrderFilled
from fintech.journal import Refusal, inside_decision, verb
from fintech.ledger.book import Book
from fintech.ledger.currencies import UnknownCurrency, currency
from fintech.ledger.house_accounts import HousePurpose
from fintech.ledger.money import Money
from fintech.ledger.transfer_codes import TransferCode
from fintech.observability.business import COMMISSION_PAID_MINOR
from trading.models import CommissionAccrual, CommissionPayout, CommissionScheme
from trading.rules.commission import per_lot
from trading.selectors.commissions import chain_at, scheme_at
from trading.services.cash import house
from trading.services.desk import database_time


@dataclass(frozen=True, kw_only=True)
class CommissionsPaid:
    """A payout: so many accruals of an introducing broker, in one amount."""

    payout_id: UUID
    accruals: int
    amount: Money


@verb("trading")
def define_commission_scheme(
    *, key: str, name: str, currency_code: str, per_lot: tuple[Decimal, ...], effective_from: datetime
) -> UUID:
    """Set what each level earns a lot (level 1 first), for fills from a moment on; gives the scheme's id.

    Refuses rates below zero, a currency that there isn't, and a second scheme for the same moment.
    """
    try:
        currency(currency_code)
    except UnknownCurrency:
        raise Refusal(
            "unknown-currency", "There is no such currency in ISO 4217.", status=422, currency=currency_code
        ) from None
    if not per_lot or min(per_lot) < 0:
        raise Refusal("rates-not-valid", "A scheme has rates of zero or more.", status=422, rule="rates-not-below-zero")
    if CommissionScheme.objects.filter(effective_from=effective_from).exists():
        raise Refusal("scheme-exists", "Another scheme takes effect at that moment.", effective_from=effective_from)
    scheme = CommissionScheme.objects.create(
        name=name, currency=currency_code, per_lot=list(per_lot), effective_from=effective_from
    )
    return scheme.id


def accrue(fill: OrderFilled) -> None:
    """Write what each introducing broker above the client earned on a fill, exact to the minor unit.

    The hierarchy and the scheme are those in effect at the fill's moment.
    """
    inside_decision("trading")
    chain = chain_at(fill.client_id, fill.filled_at)
    scheme = scheme_at(fill.filled_at)
    if not chain or scheme is None:
        return
    earned = per_lot(
        volume=Decimal(fill.volume),
        rates=scheme.per_lot,
        currency=currency(scheme.currency),
        levels=len(chain),
    )
    for level, (ib_id, amount) in enumerate(zip(chain, earned, strict=False), start=1):
        if amount:
            _accrue_level(fill, scheme, ib_id, level, amount)


def _accrue_level(fill: OrderFilled, scheme: CommissionScheme, ib_id: UUID, level: int, amount: Money) -> None:
    accrual = CommissionAccrual.objects.create(
        fill_id=fill.fill_id,
        ib_id=ib_id,
        level=level,
        client_id=fill.client_id,
        entity=fill.entity,
        scheme=scheme,
        amount_minor=amount.minor,
        currency=amount.currency.code,
        filled_at=fill.filled_at,
    )
    record(
        CommissionAccrued(
            accrual_id=accrual.id,
            ib_id=ib_id,
            level=level,
            fill_id=fill.fill_id,
            client_id=fill.client_id,
            trading_account_id=fill.trading_account_id,
            scheme_id=scheme.id,
            amount_minor=amount.minor,
            currency=amount.currency.code,
        ),
        subject=("introducing_broker", ib_id),
    )


@verb("trading")
def pay_commissions(*, key: str, ib_id: UUID, entity: str, currency_code: str, through: UUID) -> CommissionsPaid:
    """Pay an introducing broker's unpaid accruals in a currency, up to the accrual `through`, to their
    wallet.

    Locks the accruals. Refuses where none is left. Books one transfer out of the entity's commission account,
    which payments follows (its reference is the broker), and records CommissionPaid.
    """
    unpaid = list(
        CommissionAccrual.objects.select_for_update(no_key=True)
        .filter(ib_id=ib_id, entity=entity, currency=currency_code, payout=None, id__lte=through)
        .order_by("id")
    )
    if not unpaid:
        raise Refusal("nothing-to-pay", "Every accrual up to this one was paid already.", rule="unpaid-accruals")
    amount = Money(sum(accrual.amount_minor for accrual in unpaid), currency(currency_code))
    transfer = Book("trading").post(
        debit=house(HousePurpose.IB_COMMISSION, entity=entity, currency_code=currency_code),
        credit=house(HousePurpose.IN_TRANSIT_OUT, entity=entity, currency_code=currency_code),
        amount=amount.minor,
        code=TransferCode.IB_PAYOUT,
        reference=ib_id,
    )
    payout = CommissionPayout.objects.create(
        ib_id=ib_id,
        entity=entity,
        currency=currency_code,
        amount_minor=amount.minor,
        accruals=len(unpaid),
        transfer_id=transfer.id,
        paid_at=database_time(),
    )
    # By id: an accrual that has committed meanwhile isn't in the amount, and waits for the next run.
    CommissionAccrual.objects.filter(id__in=[accrual.id for accrual in unpaid]).update(payout=payout)
    record(
        CommissionPaid(
            payout_id=payout.id,
            ib_id=ib_id,
            accruals=len(unpaid),
            transfer_id=transfer.id,
            amount_minor=amount.minor,
            currency=currency_code,
        ),
        subject=("introducing_broker", ib_id),
    )
    paid = COMMISSION_PAID_MINOR.labels(current_cell().name, currency_code)
    inside_decision("trading").afterwards(partial(paid.inc, amount.minor))
    return CommissionsPaid(payout_id=payout.id, accruals=len(unpaid), amount=amount)
