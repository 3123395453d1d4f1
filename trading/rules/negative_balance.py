"""Negative balance protection: a retail client can't lose more than they have paid in."""

from fintech.ledger.money import Money
from trading.rules.terms import ClientCategory


def protection_due(*, cash: Money, open_positions: int, category: ClientCategory, protected: bool) -> Money:
    """What the house books to the account so that its balance is zero; zero where nothing is due.

    `protected` is the jurisdiction's `negative_balance_protection`, which holds for retail clients. With
    positions open, cash may lawfully be below zero, and nothing is due yet.
    """
    due = protected and category is ClientCategory.RETAIL and open_positions == 0 and cash.minor < 0
    return -cash if due else Money(0, cash.currency)
