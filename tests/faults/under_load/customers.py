"""Clients with verified standing and money in a wallet, made as the journey makes them: through public doors."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from decimal import Decimal

from fintech.journey.back_office import StaffMember
from fintech.journey.cast import Story
from fintech.journey.chapters import getting_in
from fintech.journey.expectations import await_that
from fintech.journey.narration import Narration, StepTold
from fintech.journey.places import Place

# The staff of each cell by their names. A code of an app is taken once, so they sign in once, whoever needs them.
_staff: dict[tuple[str, str], StaffMember] = {}
_hiring = threading.Lock()

# Far more than the load ever takes out of a wallet.
FIRST_DEPOSIT = Decimal("9000.00")
FIRST_TRANSFER = Decimal("2000.00")
SETTLED_SECONDS = 120.0


class Silence:
    """A teller that shows nothing."""

    def tell(self, told: StepTold) -> None:
        """Nothing."""

    def finish(self, jurisdiction: str) -> None:
        """Nothing."""


@dataclass(frozen=True)
class Customer:
    """A client and the staff around them; `first_transfer_id` is that of the transfer that funded trading."""

    story: Story
    first_transfer_id: str

    @property
    def place(self) -> Place:
        return self.story.place

    @property
    def client_id(self) -> str:
        return self.story.client_id

    @property
    def wallet_id(self) -> str:
        return self.story.wallet_id

    @property
    def trading_account_id(self) -> str:
        return self.story.trading_account_id


def new_customer(place: Place) -> Customer:
    """Somebody who is verified, has a trading account, and has paid in by card on the provider's own page."""
    story = Story.at(place, Narration(place.cell_name, Silence(), threading.Event()))
    story.compliance, story.maker, story.checker = map(_known, (story.compliance, story.maker, story.checker))
    getting_in.play(story)
    story.wallet_id = story.client.post("wallets", {"currency": place.currency})["id"]
    account = story.client.post("trading-accounts", {"currency": place.currency, "leverage": 30})
    story.trading_account_id = account["id"]
    pay_in(story, FIRST_DEPOSIT)
    story.maker.sign_in()
    story.checker.sign_in()
    body = {
        "direction": "to_trading",
        "wallet_id": story.wallet_id,
        "trading_account_id": story.trading_account_id,
        "amount": story.money(FIRST_TRANSFER),
    }
    return Customer(story, story.client.post("transfers", body)["id"])


def _known(member: StaffMember) -> StaffMember:
    with _hiring:
        return _staff.setdefault((member.cell_name, member.name), member)


def pay_in(story: Story, amount: Decimal) -> str:
    """Deposit through the provider's page, and wait until the wallet has it; gives the deposit's id."""
    body = {"wallet_id": story.wallet_id, "amount": story.money(amount), "method": "card"}
    begun = story.client.post("deposits", body)

    def read() -> dict[str, str]:
        found: dict[str, str] = story.client.get(f"deposits/{begun['id']}")
        return found

    deposit = await_that("a payment page", read, lambda seen: seen["page_url"], seconds=SETTLED_SECONDS)
    story.provider.pay_by_card(deposit["page_url"])
    await_that("the deposit settled", read, lambda seen: seen["state"] == "settled", seconds=SETTLED_SECONDS)
    story.deposits.append(deposit)
    return str(begun["id"])
