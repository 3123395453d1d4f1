"""The in-transit check: what one book gave is what the other has taken in, to the minor unit and at every moment.

One snapshot of the receiver tells its follower's bookmark, its balances and what is parked; then the giver's transfers
up to that bookmark are summed up. Nothing has to stand still for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connections, transaction

from fintech.cells import alias_for
from fintech.factlog.followers import Follower, all_followers
from fintech.factlog.reading import current_incarnation
from fintech.ledger.book import Book
from fintech.ledger.house_accounts import HousePurpose, house_account, house_number

BOOKS = ("payments", "trading")

# A regulatory entity's number, and a currency's code.
_Key = tuple[int, str]


@dataclass(frozen=True, kw_only=True)
class InTransit:
    """One direction in one currency of one entity, in minor units. `difference` is zero, always.

    `given` is what the giver sent up to the receiver's `bookmark`, `parked` the part of it that its follower set aside,
    `taken` what the receiver has booked. `under_way` is what was given after the bookmark: on its way, and no fault.
    """

    giver: str
    receiver: str
    entity: int
    currency: str
    bookmark: int
    given: int
    parked: int
    taken: int
    under_way: int

    @property
    def difference(self) -> int:
        """What is missing at the receiver; negative: what it has too much."""
        return self.given - self.parked - self.taken


def check_in_transit() -> list[InTransit]:
    """Both directions, every entity and currency that ever moved, in the bound cell."""
    pairs = [(giver, receiver) for giver in BOOKS for receiver in BOOKS if giver != receiver]
    return [found for giver, receiver in pairs for found in _check(giver, receiver)]


def _check(giver: str, receiver: str) -> list[InTransit]:
    follower = next(f for f in all_followers().values() if f.source == f"{giver}.transfer" and f.into == receiver)
    incarnation, _, _ = current_incarnation(giver)
    alias = alias_for(receiver)
    with transaction.atomic(using=alias):
        with connections[alias].cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        bookmark, parked_ids = _followed_so_far(alias, follower, incarnation)
        taken = _balances(receiver, HousePurpose.IN_TRANSIT_IN, None)
    given = _balances(giver, HousePurpose.IN_TRANSIT_OUT, bookmark)
    # Read last, so that what is under way is never less than nothing.
    sent = _balances(giver, HousePurpose.IN_TRANSIT_OUT, None)
    parked = _amounts(giver, parked_ids)
    return [
        InTransit(
            giver=giver,
            receiver=receiver,
            entity=entity,
            currency=currency,
            bookmark=bookmark,
            given=given[entity, currency],
            parked=parked[entity, currency],
            taken=-taken[entity, currency],
            under_way=sent[entity, currency] - given[entity, currency],
        )
        for entity, currency in sorted({*given, *sent, *taken})
    ]


def _followed_so_far(alias: str, follower: Follower, incarnation: str) -> tuple[int, list[int]]:
    scope = [follower.name, follower.source, incarnation]
    where = "WHERE follower = %s AND source = %s AND incarnation = %s"
    with connections[alias].cursor() as cursor:
        cursor.execute(f"SELECT last_id FROM factlog_bookmark {where}", scope)  # noqa: S608
        found = cursor.fetchone()
        cursor.execute(f"SELECT fact_id FROM factlog_parked {where} AND resolved_at IS NULL", scope)  # noqa: S608
        return (int(found[0]) if found else 0), [int(row[0]) for row in cursor.fetchall()]


def _balances(concern: str, purpose: HousePurpose, through: int | None) -> defaultdict[_Key, int]:
    """The house accounts of a purpose, by entity and currency; over the transfers up to `through` if it is given."""
    book = Book(concern)
    balances: defaultdict[_Key, int] = defaultdict(int)
    for entity, currency in _accounts(book.alias, purpose):
        number = house_number(purpose, entity=entity, currency_code=currency)
        balance = book.balance(number).posted if through is None else book.balance_through(number, through)
        balances[entity, currency] = balance
    return balances


def _accounts(alias: str, purpose: HousePurpose) -> Iterable[_Key]:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT number FROM ledger_account WHERE number < 0")
        accounts = [house_account(number) for (number,) in cursor.fetchall()]
    return [(account.entity, account.currency.code) for account in accounts if account.purpose is purpose]


def _amounts(concern: str, transfer_ids: list[int]) -> defaultdict[_Key, int]:
    """What the transfers of these ids put into transit."""
    amounts: defaultdict[_Key, int] = defaultdict(int)
    with connections[alias_for(concern)].cursor() as cursor:
        cursor.execute("SELECT credit, amount FROM ledger_transfer WHERE id = ANY (%s) AND credit < 0", [transfer_ids])
        for credit, amount in cursor.fetchall():
            account = house_account(credit)
            if account.purpose is HousePurpose.IN_TRANSIT_OUT:
                amounts[account.entity, account.currency.code] += amount
    return amounts
