"""Who plays in a story, and what the chapters know of each other's."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from fintech.journey.back_office import StaffMember
from fintech.journey.expectations import await_that, expect
from fintech.journey.mail_door import Mailbox
from fintech.journey.narration import Narration
from fintech.journey.operator import Operator
from fintech.journey.person import Person
from fintech.journey.places import Place
from fintech.journey.psp_door import PaymentProvider

# As `manage.py demo_data` makes them and the demo prints them: they open made-up data only.
STAFF_PASSWORD = "demo-Passw0rd-2026"  # noqa: S105
STAFF_SEED = "DEMODEMODEMODEMODEMODEMODEMODEMO"
BROKER_CODE = "DEMO-IB"


@dataclass
class Story:
    """One jurisdiction's story: its people, and what has happened so far."""

    place: Place
    narration: Narration
    client: Person
    mailbox: Mailbox
    provider: PaymentProvider
    operator: Operator
    compliance: StaffMember
    maker: StaffMember
    checker: StaffMember
    second_checker: StaffMember
    client_id: str = ""
    case_id: str = ""
    wallet_id: str = ""
    trading_account_id: str = ""
    deposits: list[dict[str, Any]] = field(default_factory=list)
    withdrawals: list[str] = field(default_factory=list)
    lots_traded: Decimal = Decimal(0)
    # What the wallet must hold, as the story itself has counted it.
    in_wallet: Decimal = Decimal(0)

    @classmethod
    def at(cls, place: Place, narration: Narration) -> Story:
        """A new client, whom nobody knows yet, among the people of a place."""
        client = Person(place)
        return cls(
            place=place,
            narration=narration,
            client=client,
            mailbox=Mailbox(place, client.email),
            provider=PaymentProvider(place),
            operator=Operator(place),
            compliance=StaffMember(place, "compliance", STAFF_PASSWORD, STAFF_SEED),
            maker=StaffMember(place, "payments-1", STAFF_PASSWORD, STAFF_SEED),
            checker=StaffMember(place, "payments-2", STAFF_PASSWORD, STAFF_SEED),
            second_checker=StaffMember(place, "payments-3", STAFF_PASSWORD, STAFF_SEED),
        )

    def money(self, amount: Decimal | int) -> dict[str, str]:
        """An amount in the story's currency, as the API takes it."""
        return {"amount": f"{Decimal(amount):.2f}", "currency": self.place.currency}

    @property
    def counted(self) -> str:
        """What the wallet must hold, for people."""
        return f"{self.in_wallet:,.2f} {self.place.currency}"

    def wallet(self) -> dict[str, Any]:
        """The client's wallet, as the API shows it now."""
        wallets = self.client.items("wallets")
        return next(wallet for wallet in wallets if wallet["id"] == self.wallet_id)

    def expect_wallet(self) -> dict[str, Any]:
        """Wait until the wallet holds what the story has counted; gives it. Raises NotSo."""
        return await_that(
            f"{self.in_wallet:.2f} {self.place.currency} in the wallet",
            self.wallet,
            lambda wallet: Decimal(wallet["balance"]["amount"]) == self.in_wallet,
        )

    def expect_wallet_unchanged(self) -> dict[str, Any]:
        """The wallet holds now what the story has counted; gives it. Raises NotSo."""
        wallet = self.wallet()
        expect("the wallet's balance", expected=self.money(self.in_wallet), found=wallet["balance"])
        return wallet
