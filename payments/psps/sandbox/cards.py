"""The test cards that the payment page takes, and the test bank accounts that payouts may name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What a card does when it pays."""

    SETTLES = "settles"
    DECLINES = "declines"
    SETTLES_LATER = "settles_later"
    SETTLES_THEN_CHARGED_BACK = "settles_then_charged_back"


@dataclass(frozen=True, kw_only=True)
class SandboxCard:
    """A card number with a fixed behaviour."""

    number: str
    meaning: str
    outcome: Outcome
    decline_code: str | None = None
    payouts_return: bool = False  # a payout back to this card fails after it was sent

    @property
    def spaced(self) -> str:
        """The number in groups of four, as printed on a card."""
        return " ".join(re.findall(".{4}", self.number))


TEST_CARDS = (
    SandboxCard(number="4242424242424242", meaning="Settles at once", outcome=Outcome.SETTLES),
    SandboxCard(
        number="4000000000000002",
        meaning="Is declined",
        outcome=Outcome.DECLINES,
        decline_code="card-declined",
    ),
    SandboxCard(
        number="4000000000009995",
        meaning="Is declined: not enough money on the card",
        outcome=Outcome.DECLINES,
        decline_code="insufficient-funds",
    ),
    SandboxCard(
        number="4000000000000077",
        meaning="Stays pending for a moment, then settles",
        outcome=Outcome.SETTLES_LATER,
    ),
    SandboxCard(
        number="4000000000000259",
        meaning="Settles, then its holder charges it back",
        outcome=Outcome.SETTLES_THEN_CHARGED_BACK,
    ),
    SandboxCard(
        number="4000000000000341",
        meaning="Settles; a payout back to it is returned",
        outcome=Outcome.SETTLES,
        payouts_return=True,
    ),
)

#: Payout destinations that need no deposit before: name → whether the payout is returned.
TEST_BANK_ACCOUNTS = {"bank_test_pays": False, "bank_test_returns": True}


class InvalidCardNumber(ValueError):
    """What was typed can't be a card number; the text is fit for the page."""


def find_test_card(typed: str) -> SandboxCard:
    """The test card that was typed, spaces and hyphens allowed.

    A number that is well formed but no test card is declined, as a stranger's card would be: this provider
    never takes a real one. Raises :class:`InvalidCardNumber`.
    """
    number = re.sub(r"[\s-]", "", typed)
    if not number:
        raise InvalidCardNumber("Enter the card number.")
    if not re.fullmatch(r"[0-9]{12,19}", number):
        raise InvalidCardNumber("A card number has 12 to 19 digits.")
    if not _passes_luhn(number):
        raise InvalidCardNumber("This card number has a typing error in it.")
    for card in TEST_CARDS:
        if card.number == number:
            return card
    return SandboxCard(
        number=number, meaning="Not a test card", outcome=Outcome.DECLINES, decline_code="test-cards-only"
    )


def _passes_luhn(number: str) -> bool:
    """The check digit of ISO/IEC 7812-1, annex B."""
    doubled = (int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(number)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0
