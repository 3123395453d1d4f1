"""The introducing broker earns by what the client traded, and is paid."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from fintech.journey.cast import BROKER_CODE, Story
from fintech.journey.expectations import await_that, expect

# The demo's scheme: USD per lot for the client's own broker, accrued fill by fill.
PER_LOT: Final = Decimal("6.00")
CURRENCY: Final = "USD"


def play(story: Story) -> None:
    """See what accrued, pay it, see it in the broker's wallet."""
    story.narration.chapter("The introducing broker's commission")
    ib_id = _see_accruals(story)
    _pay(story, ib_id)


def _see_accruals(story: Story) -> str:
    with story.narration.step("the broker's commission has accrued, fill by fill") as step:
        broker = story.compliance.see_row("crm/introducingbroker/", BROKER_CODE)
        ib_id = next(cell for cell in broker if len(cell) == 36)
        expected = PER_LOT * story.lots_traded

        def accrued() -> Decimal:
            rows = story.compliance.see("trading/commissionaccrual/", q=story.client_id).rows_with(ib_id)
            return sum((amount for row in rows for amount in _amounts(row)), Decimal(0))

        await_that(f"{expected:.2f} {CURRENCY} accrued", accrued, lambda found: found == expected)
        step.saw(f"{BROKER_CODE} earned {expected:.2f} {CURRENCY} for {story.lots_traded} lots at {PER_LOT} a lot")
    return ib_id


def _pay(story: Story, ib_id: str) -> None:
    with story.narration.step("an operator pays commissions: the broker's wallet is credited") as step:
        before = _broker_wallet(story, ib_id)
        told = story.operator.run("commissions", "pay")
        line = next((line for line in told.splitlines() if ib_id in line), "")
        paid = Decimal(line.split()[0]) if line else Decimal(0)
        earned = PER_LOT * story.lots_traded
        expect("at least as much paid as this client's trades earned", expected=True, found=paid >= earned)
        after = await_that(
            f"{before + paid:.2f} {CURRENCY} in the broker's wallet",
            lambda: _broker_wallet(story, ib_id),
            lambda found: found == before + paid,
        )
        step.saw(f"“{line}”; wallet {before:.2f} → {after:.2f} {CURRENCY}")


def _broker_wallet(story: Story, ib_id: str) -> Decimal:
    """The balance as compliance sees it in the list of wallets; nothing before the first payout."""
    rows = story.compliance.see("payments/wallet/", q=ib_id).rows_with(ib_id, CURRENCY)
    balances = [amount for row in rows for amount in _amounts(row)]
    return balances[0] if balances else Decimal(0)


def _amounts(row: list[str]) -> list[Decimal]:
    """The amounts in the commissions' currency that a row shows, such as "1,234.50 USD"."""
    found = (re.fullmatch(rf"([0-9,]+\.[0-9]+) {CURRENCY}", cell) for cell in row)
    return [Decimal(amount[1].replace(",", "")) for amount in found if amount]
