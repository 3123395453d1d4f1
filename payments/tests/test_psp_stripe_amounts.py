"""Stripe's amounts aren't always ISO 4217's minor units; where it isn't certain nothing is sent."""

from __future__ import annotations

import pytest

from fintech.ledger.currencies import currencies
from payments.psps.stripe_amounts import NotAnAmountAtStripe, from_stripe, to_stripe


@pytest.mark.parametrize(
    ("amount_minor", "code", "theirs"),
    [
        (1_050, "EUR", 1_050),
        (500, "JPY", 500),
        (5, "ISK", 500),
        (500, "MGA", 5),
        (5_120, "KWD", 5_120),
        (1_045, "HUF", 1_045),
        (80_045, "TWD", 80_045),
    ],
)
def test_an_amount_goes_there_and_back(amount_minor: int, code: str, theirs: int) -> None:
    assert to_stripe(amount_minor, code) == theirs
    assert from_stripe(theirs, code) == amount_minor


@pytest.mark.parametrize(
    ("amount_minor", "code"),
    [(5_124, "KWD"), (550, "MGA"), (5, "UGX"), (1_000, "IQD"), (1, "CLF"), (1, "EURO"), (1, "eur")],
)
def test_what_stripe_cannot_express_for_certain_is_refused(amount_minor: int, code: str) -> None:
    with pytest.raises(NotAnAmountAtStripe):
        to_stripe(amount_minor, code)


@pytest.mark.parametrize(("amount", "code"), [(550, "ISK"), (5, "UGX")])
def test_what_stripe_says_and_iso_does_not_know_is_refused(amount: int, code: str) -> None:
    with pytest.raises(NotAnAmountAtStripe):
        from_stripe(amount, code)


def test_no_currency_loses_or_gains_on_the_way() -> None:
    for code in currencies():
        try:
            theirs = to_stripe(123_000, code)
        except NotAnAmountAtStripe:
            continue
        assert from_stripe(theirs, code) == 123_000
