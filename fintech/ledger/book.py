"""The book: the only Python face of one concern's ledger. `Book("payments").post(...)`.

What changes the book runs inside a decision (a verb or a follower), whose journal row its transfers carry,
or is a batch that brings its own. A decision that touches several client accounts first locks them all in one
call of `lock`, or posts them as one by `post_linked`; anything else is refused, since two such decisions
could wait for each other.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from prometheus_client import Counter

from fintech.cells import current_cell, prepared_calls
from fintech.journal import Decision, inside_decision
from fintech.ledger import batches
from fintech.ledger.accounts import AccountKind, is_client, is_house
from fintech.ledger.currencies import currency as currency_of_code
from fintech.ledger.house_accounts import HousePurpose, house_account, house_number
from fintech.ledger.reading import ReadableBook
from fintech.ledger.refusals import (
    HoldExceeded,
    HoldExpired,
    InsufficientFunds,
    PeriodClosed,
    PeriodNotOver,
    UnknownAccount,
    UnknownHold,
)
from fintech.ledger.transfer_codes import TransferCode
from fintech.ledger.transfers import Item, ItemResult, Leg, Outcome, Transfer, columns_of

logger = logging.getLogger(__name__)

_ahead_of_clock = Counter(
    "fintech_ledger_ahead_of_clock_total", "Transfers recorded over a second ahead of the clock", ["cell", "book"]
)
AHEAD_OF_CLOCK = timedelta(seconds=1)

SNAPSHOT_TAIL = 10_000
"""So many transfers of a house account are summed up at most, besides those of the last minutes."""

_RELEASED, _EXPIRED = 2, 3


class Book(ReadableBook):
    """One concern's ledger in the bound cell. Cheap to make; hold it no longer than the cell is bound."""

    # Accounts

    def open_account(self, *, client_id: UUID, kind: AccountKind, currency: str) -> int:
        """Open a client's account and give its number.

        A wallet, debt or suspense account that the client has already in this currency is found instead. A
        decision that opens accounts and locks others opens first.
        """
        if kind is AccountKind.HOUSE:
            raise ValueError("house accounts are opened by `house`")
        query = "SELECT ledger_open_account_v1(%s::bigint, %s::smallint, %s::uuid, %s::integer)"
        parameters = [self._decision().journal_id, int(kind), client_id, currency_of_code(currency).numeric]
        return int(prepared_calls.row(self.alias, query, parameters)[0])

    def house(self, purpose: HousePurpose, *, entity: int, currency: str) -> int:
        """The number of a house account. It's opened when something is first posted to it."""
        return house_number(purpose, entity=entity, currency_code=currency)

    def open_houses(self, *, entity: int, currencies: Sequence[str]) -> None:
        """Open every house account of an entity ahead of its first use, when a cell is set up."""
        numbers = [self.house(purpose, entity=entity, currency=code) for code in currencies for purpose in HousePurpose]
        self._open_houses(numbers)

    # Posting

    def post(
        self,
        *,
        debit: int,
        credit: int,
        amount: int,
        code: TransferCode,
        client_id: UUID | None = None,
        value_date: date | None = None,
        reference: UUID | None = None,
    ) -> Transfer:
        """Post one transfer of `amount` minor units; the fields are those of `Leg`.

        Raises InsufficientFunds or PeriodClosed (nothing is written), UnknownAccount, ValueError.
        """
        leg = Leg(
            debit=debit,
            credit=credit,
            amount=amount,
            code=code,
            client_id=client_id,
            value_date=value_date,
            reference=reference,
        )
        decision = self._decision()
        parameters = [
            decision.journal_id, debit, credit, amount, int(code), client_id, value_date, reference
        ]  # fmt: skip
        query = (
            "SELECT outcome, transfer_id, leg, client_id, client_balance, client_seq, recorded_at, "
            "value_date, available FROM ledger_post_one_v1(%s::bigint, %s::bigint, %s::bigint, %s::bigint, "
            "%s::smallint, %s::uuid, %s::date, %s::uuid)"
        )
        row = prepared_calls.row(self.alias, query, parameters)
        if row[0] == Outcome.UNKNOWN_ACCOUNT and self._open_houses([debit, credit]):
            row = prepared_calls.row(self.alias, query, parameters)
        self._refuse(row[0], [leg], account=max(debit, credit), amount=amount, available=row[8])
        return self._posted(leg, decision, row[1:8])

    def post_linked(self, legs: Sequence[Leg]) -> list[Transfer]:
        """Post several transfers as one: all or none, judged on their end state. Raises as `post` does."""
        decision = self._decision()
        parameters = [decision.journal_id, *columns_of(legs)]
        query = (
            "SELECT outcome, account, amount, available FROM ledger_post_linked_v1(%s::bigint, %s::bigint[], "
            "%s::bigint[], %s::bigint[], %s::smallint[], %s::uuid[], %s::date[], %s::uuid[], %s::bigint[])"
        )
        if not legs:
            raise ValueError("there is nothing to post")
        row = prepared_calls.row(self.alias, query, parameters)
        if row[0] == Outcome.UNKNOWN_ACCOUNT and self._open_houses(
            [side for leg in legs for side in (leg.debit, leg.credit)]
        ):
            row = prepared_calls.row(self.alias, query, parameters)
        self._refuse(row[0], legs, account=row[1], amount=row[2], available=row[3])
        return self.transfers_of(decision.journal_id)[-len(legs) :]

    def post_batch(
        self, items: Sequence[Item], *, operation: str = "ledger.post_batch", reason: str = ""
    ) -> list[ItemResult]:
        """Post many items outside every decision, each a request of the bound actor's with a journal row.

        What the items get, in their order, is what posting them one by one would give. `operation` scopes
        their keys. A batch cut short by a failure is simply posted again: what stands is replayed.
        """
        return batches.post_batch(self.alias, items, operation=operation, reason=reason)

    def lock(self, *accounts: int) -> None:
        """Lock client accounts until the decision ends, all in one call and before any of them is used."""
        prepared_calls.row(
            self.alias,
            "SELECT ledger_lock_v1(%s::bigint, %s::bigint[])",
            [self._decision().journal_id, [account for account in accounts if is_client(account)]],
        )

    # Holds

    def hold(self, *, account: int, amount: int, code: TransferCode, expires_at: datetime | None = None) -> int:
        """Set `amount` minor units aside, and give the hold's id.

        Raises InsufficientFunds, UnknownAccount.
        """
        if amount <= 0:
            raise ValueError(f"a hold is of a whole number of minor units above 0, not {amount}")
        outcome, hold_id, available = prepared_calls.row(
            self.alias,
            "SELECT outcome, hold_id, available FROM ledger_hold_v1(%s::bigint, %s::bigint, %s::bigint, "
            "%s::smallint, %s::timestamptz)",
            [self._decision().journal_id, account, amount, int(code), expires_at],
        )
        if outcome == Outcome.INSUFFICIENT:
            raise InsufficientFunds(account=account, amount=amount, available=available)
        if outcome == Outcome.UNKNOWN_ACCOUNT:
            raise UnknownAccount(f"there is no client account {account}")
        return int(hold_id)

    def post_hold(
        self,
        hold: int,
        *,
        credit: int,
        amount: int | None = None,
        code: TransferCode | None = None,
        reference: UUID | None = None,
    ) -> Transfer:
        """Post a hold to a house account, in part or (`amount` None) all that is left.

        `code` is the hold's own unless given. Raises HoldExceeded, HoldExpired, UnknownHold, UnknownAccount.
        """
        decision = self._decision()
        parameters = [
            decision.journal_id,
            hold,
            credit,
            amount,
            None if code is None else int(code),
            reference,
        ]
        query = (
            "SELECT outcome, remaining, debit, amount, code, transfer_id, leg, client_id, client_balance, "
            "client_seq, recorded_at, value_date FROM ledger_post_hold_v1(%s::bigint, %s::bigint, "
            "%s::bigint, %s::bigint, %s::smallint, %s::uuid)"
        )
        row = prepared_calls.row(self.alias, query, parameters)
        if row[0] == Outcome.UNKNOWN_ACCOUNT and self._open_houses([credit]):
            row = prepared_calls.row(self.alias, query, parameters)
        self._refuse_hold(row[0], hold, amount, row[1])
        leg = Leg(debit=row[2], credit=credit, amount=row[3], code=TransferCode(row[4]), reference=reference)
        return self._posted(leg, decision, row[5:])

    def release_hold(self, hold: int, *, amount: int | None = None) -> int:
        """Release a hold, in part or (`amount` None) all that is left; gives how much.

        Raises HoldExceeded, UnknownHold.
        """
        return self._end_hold(hold, _RELEASED, amount)

    def expire_hold(self, hold: int) -> int:
        """Let a hold whose time is over expire; gives how much was left. Raises HoldExpired when not over."""
        return self._end_hold(hold, _EXPIRED, None)

    # Periods and snapshots

    def close_period(self, through: date) -> None:
        """Take no more transfers with a value date up to this day. Raises PeriodNotOver."""
        query = "SELECT ledger_close_period_v1(%s::bigint, %s::date)"
        if not prepared_calls.row(self.alias, query, [self._decision().journal_id, through])[0]:
            raise PeriodNotOver(through)

    def take_snapshot(self, account: int, *, through_id: int) -> None:
        """Keep a house account's balance up to a final id of the log, so that reads sum only what follows."""
        prepared_calls.row(self.alias, "SELECT ledger_take_snapshot_v1(%s::bigint, %s::bigint)", [account, through_id])

    def take_due_snapshots(self, *, tail: int = SNAPSHOT_TAIL) -> list[int]:
        """Take a snapshot of each house account with so many transfers since its last; gives their numbers.

        Changes no balance, so it needs no decision; outside every transaction, since only there an id is known to be
        final. Takes none while an open transaction could still show an earlier transfer.
        """
        final = prepared_calls.row(self.alias, "SELECT ledger_final_id_v1()")[0]
        if final is None:
            return []
        query = "SELECT ledger_snapshots_due_v1(%s::integer, %s::bigint)"
        due = [int(number) for (number,) in prepared_calls.rows(self.alias, query, [tail, final])]
        for account in due:
            self.take_snapshot(account, through_id=final)
        return due

    # Inside

    def _decision(self) -> Decision:
        return inside_decision(self.concern)

    def _open_houses(self, accounts: Sequence[int]) -> bool:
        """Open those of the accounts that are well-formed house accounts; whether there was any."""
        houses = [account for account in accounts if is_house(account)]
        for number in houses:
            house_account(number)
        query = "SELECT ledger_open_house_v1(%s::bigint, %s::bigint[])"
        prepared_calls.row(self.alias, query, [self._decision().journal_id, houses])
        return bool(houses)

    def _posted(self, leg: Leg, decision: Decision, row: prepared_calls.Row) -> Transfer:
        transfer_id, number, client_id, client_balance, client_seq, recorded_at, value_date = row
        if recorded_at - datetime.now(UTC) > AHEAD_OF_CLOCK:
            _ahead_of_clock.labels(cell=current_cell().name, book=self.concern).inc()
            logger.error("a transfer is recorded ahead of the clock", extra={"transfer_id": transfer_id})
        return Transfer(
            id=transfer_id,
            journal_id=decision.journal_id,
            leg=number,
            debit=leg.debit,
            credit=leg.credit,
            amount=leg.amount,
            code=leg.code,
            client_id=client_id,
            client_balance=client_balance,
            client_seq=client_seq,
            reference=leg.reference,
            corrects=leg.corrects,
            recorded_at=recorded_at,
            value_date=value_date,
        )

    @staticmethod
    def _refuse(outcome: int, legs: Sequence[Leg], *, account: int, amount: int, available: int) -> None:
        if outcome == Outcome.INSUFFICIENT:
            raise InsufficientFunds(account=account, amount=amount, available=available)
        if outcome == Outcome.PERIOD_CLOSED:
            raise PeriodClosed
        if outcome == Outcome.UNKNOWN_ACCOUNT:
            sides = ", ".join(f"{leg.debit} → {leg.credit}" for leg in legs)
            raise UnknownAccount(f"no such account, or another client's: {sides}")

    @staticmethod
    def _refuse_hold(outcome: int, hold: int, amount: int | None, remaining: int) -> None:
        if outcome == Outcome.HOLD_EXCEEDED:
            raise HoldExceeded(hold=hold, amount=amount, remaining=remaining)
        if outcome == Outcome.HOLD_EXPIRED:
            raise HoldExpired(hold=hold)
        if outcome == Outcome.UNKNOWN_ACCOUNT:
            raise UnknownHold(f"there is no hold {hold}, or no account to post it to")

    def _end_hold(self, hold: int, kind: int, amount: int | None) -> int:
        outcome, released, remaining = prepared_calls.row(
            self.alias,
            "SELECT outcome, amount, remaining FROM ledger_release_hold_v1(%s::bigint, %s::bigint, "
            "%s::smallint, %s::bigint)",
            [self._decision().journal_id, hold, kind, amount],
        )
        self._refuse_hold(outcome, hold, amount, remaining)
        return int(released)
