"""An account number says by itself whose the account is and in which currency."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fintech.ledger.accounts import account_currency, is_client, is_house
from fintech.ledger.currencies import currencies
from fintech.ledger.house_accounts import HousePurpose, house_account, house_number
from fintech.ledger.transfer_codes import TransferCode
from fintech.ledger.transfers import Item, Leg


@given(st.sampled_from(HousePurpose), st.integers(1, 99_999), st.sampled_from(sorted(currencies())))
def test_a_house_number_reads_back_as_what_it_was_made_from(purpose: HousePurpose, entity: int, code: str) -> None:
    number = house_number(purpose, entity=entity, currency_code=code)
    read = house_account(number)
    assert (read.purpose, read.entity, read.currency.code) == (purpose, entity, code)
    assert is_house(number)
    assert not is_client(number)
    assert account_currency(number).code == code


def test_a_number_is_what_the_formula_says() -> None:
    assert house_number(HousePurpose.PSP_CLEARING, entity=1, currency_code="EUR") == -101978
    assert house_number(HousePurpose.EXCHANGE, entity=12, currency_code="BHD") == -1210048


@pytest.mark.parametrize("number", [0, 101978, -978, -1978, -199978, -101000, -101001])
def test_numbers_of_no_house_account_are_refused(number: int) -> None:
    with pytest.raises(ValueError, match=r"."):
        house_account(number)


def test_a_client_s_number_is_no_house_account_s_by_its_sign() -> None:
    with pytest.raises(ValueError, match="those are negative"):
        house_account(100001978)


def test_purposes_fit_their_two_digits_and_entities_their_room() -> None:
    assert all(1 <= purpose <= 99 for purpose in HousePurpose)
    for entity in (0, -1, 100_000):
        with pytest.raises(ValueError, match="entity"):
            house_number(HousePurpose.FEES, entity=entity, currency_code="EUR")


@pytest.mark.parametrize(
    ("debit", "credit", "amount"),
    [
        (-101978, 100001978, 0),
        (-101978, 100001978, -5),
        (-101978, 100001978, 10**18),
        (-101978, 100001978, True),
        (100001978, 100002978, 5),
        (-101978, -101978, 5),
        (-101978, 100001840, 5),
        (-101840, -101978, 5),
    ],
)
def test_a_malformed_transfer_cant_even_be_written_down(debit: int, credit: int, amount: int) -> None:
    with pytest.raises(ValueError, match=r"."):
        Leg(debit=debit, credit=credit, amount=amount, code=TransferCode.DEPOSIT)


def test_an_item_has_a_key_and_legs() -> None:
    leg = Leg(debit=-101978, credit=-103978, amount=1, code=TransferCode.ADJUSTMENT)
    for key, legs in (("", (leg,)), ("k", ())):
        with pytest.raises(ValueError, match="an item"):
            Item(key=key, legs=legs)
