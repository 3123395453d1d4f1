"""Reading a book: accounts, balances now and then, statements, holds, a comparison with its transfers.

Inside `reading("report")` these reads go to the replica, except the balance as of a moment: only the primary
knows which transactions could still change it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

import psycopg.errors
from django.db import OperationalError

from fintech.cells import alias_for, prepared_calls
from fintech.cells.replicas import replica_or_primary
from fintech.ledger.accounts import AccountKind, is_house
from fintech.ledger.balances import Account, Balance, Disagreement, Hold, ReplayReport
from fintech.ledger.refusals import MomentNotFinal, UnknownAccount, UnknownHold
from fintech.ledger.transfer_codes import TransferCode
from fintech.ledger.transfers import Transfer

_LAST_ID: Final = 2**63 - 1
_TRANSFER: Final = (
    "id, journal_id, leg, debit, credit, amount, code, client_id, client_balance, client_seq, reference, "
    "corrects, recorded_at, value_date"
)


class ReadableBook:
    """What can be read of one concern's ledger in the bound cell."""

    def __init__(self, concern: str) -> None:
        """`concern` is `payments` or `trading`. Raises NoCellBound outside every cell."""
        self.concern = concern
        self.alias = alias_for(concern)

    def account(self, number: int) -> Account:
        """An account as it was opened. Raises UnknownAccount."""
        found = self._accounts("number = %s", [number])
        if not found:
            raise UnknownAccount(f"there is no account {number}")
        return found[0]

    def accounts_of(self, client_id: UUID) -> list[Account]:
        """A client's accounts in this book, in the order of their opening."""
        return self._accounts("client_id = %s", [client_id])

    def balance(self, account: int) -> Balance:
        """The account's balance. Raises UnknownAccount for a client's that doesn't exist.

        A house account's is final only up to the log's horizon, like everything that many write at once.
        """
        if is_house(account):
            return Balance(account=account, posted=self.balance_through(account, _LAST_ID), held=0, seq=0)
        return self.balances([account])[account]

    def balances(self, accounts: Sequence[int]) -> dict[int, Balance]:
        """The balances of several client accounts, by number. Raises UnknownAccount for one that doesn't exist."""
        rows = prepared_calls.rows(
            self._readable(),
            "SELECT account, balance, held, seq FROM ledger_balance WHERE account = ANY (%s::bigint[])",
            [list(accounts)],
        )
        found = {
            account: Balance(account=account, posted=posted, held=held, seq=seq) for account, posted, held, seq in rows
        }
        for account in accounts:
            if account not in found:
                raise UnknownAccount(f"there is no account {account}")
        return found

    def house_balances(self, accounts: Sequence[int]) -> dict[int, Balance]:
        """The balances of several house accounts, by number."""
        rows = prepared_calls.rows(
            self._readable(),
            "SELECT number, ledger_house_balance_v1(number, %s::bigint) FROM unnest(%s::bigint[]) AS number",
            [_LAST_ID, list(accounts)],
        )
        return {account: Balance(account=account, posted=posted, held=0, seq=0) for account, posted in rows}

    def balance_through(self, account: int, transfer_id: int) -> int:
        """A house account's balance over all transfers up to this id."""
        query = "SELECT ledger_house_balance_v1(%s::bigint, %s::bigint)"
        return int(prepared_calls.row(self._readable(), query, [account, transfer_id])[0])

    def balance_as_of(self, account: int, at: datetime) -> int:
        """The account's balance in minor units at a past moment, that moment included.

        Raises MomentNotFinal where the answer could still change.
        """
        if at.tzinfo is None:
            raise ValueError("a moment names its time zone")
        try:
            query = "SELECT ledger_balance_as_of_v1(%s::bigint, %s::timestamptz)"
            return int(prepared_calls.row(self.alias, query, [account, at])[0])
        except OperationalError as error:
            if isinstance(error.__cause__, psycopg.errors.ObjectNotInPrerequisiteState):
                raise MomentNotFinal(at) from None
            raise

    def statement(self, account: int, *, after: int | None = None, limit: int = 100) -> list[Transfer]:
        """A page of the account's transfers, oldest first, past the transfer with id `after`."""
        return self._transfers("ledger_statement_v1(%s::bigint, %s::bigint, %s::integer)", [account, after, limit])

    def latest(self, account: int, *, before: int | None = None, limit: int = 100) -> list[Transfer]:
        """A page of the account's transfers, newest first, before the transfer with id `before`."""
        return self._transfers("ledger_latest_v1(%s::bigint, %s::bigint, %s::integer)", [account, before, limit])

    def transfers_of(self, journal_id: int) -> list[Transfer]:
        """The transfers of a decision or item, in the order of its legs."""
        return self._transfers("ledger_transfer WHERE journal_id = %s::bigint ORDER BY leg", [journal_id])

    def replay(self) -> ReplayReport:
        """Recompute the whole book from its transfers and holds, and compare. Reads everything."""
        found = prepared_calls.rows(self._readable(), "SELECT what, account, expected, found FROM ledger_replay_v1()")
        transfers, accounts = prepared_calls.row(
            self._readable(),
            "SELECT (SELECT count(*) FROM ledger_transfer), (SELECT count(*) FROM ledger_account)",
        )
        disagreements = tuple(
            Disagreement(what=what, account=account, expected=expected, found=seen)
            for what, account, expected, seen in found
        )
        return ReplayReport(transfers=transfers, accounts=accounts, disagreements=disagreements)

    def closed_through(self) -> date | None:
        """The last day of the closed periods."""
        found: date | None = prepared_calls.row(self._readable(), "SELECT max(closed_through) FROM ledger_period")[0]
        return found

    def holds(self, account: int) -> list[Hold]:
        """The account's holds of which something is left, oldest first."""
        return self._holds("h.account = %s AND ledger_hold_remaining_v1(h.id) > 0", [account])

    def find_hold(self, hold: int) -> Hold:
        """A hold, whatever became of it. Raises UnknownHold."""
        found = self._holds("h.id = %s", [hold])
        if not found:
            raise UnknownHold(f"there is no hold {hold}")
        return found[0]

    def holds_to_expire(self, *, limit: int = 100) -> list[int]:
        """Holds whose time is over and of which something is left."""
        query = "SELECT ledger_holds_to_expire_v1(%s::integer)"
        return [int(hold) for (hold,) in prepared_calls.rows(self._readable(), query, [limit])]

    def _readable(self) -> str:
        return replica_or_primary(self.alias)

    def _accounts(self, condition: str, parameters: list[object]) -> list[Account]:
        columns = "number, kind, client_id, opened_at"
        query = f"SELECT {columns} FROM ledger_account WHERE {condition} ORDER BY opened_at"  # noqa: S608
        return [
            Account(number=number, kind=AccountKind(kind), client_id=client_id, opened_at=opened_at)
            for number, kind, client_id, opened_at in prepared_calls.rows(self._readable(), query, parameters)
        ]

    def _holds(self, condition: str, parameters: list[object]) -> list[Hold]:
        columns = ("id", "account", "client_id", "amount", "code", "journal_id", "expires_at", "recorded_at")
        query = (
            f"SELECT {', '.join(f'h.{column}' for column in columns)}, ledger_hold_remaining_v1(h.id) "  # noqa: S608
            f"FROM ledger_hold AS h WHERE {condition} ORDER BY h.id"
        )
        return [
            Hold(**{**dict(zip(columns, row, strict=False)), "code": TransferCode(row[4])}, remaining=row[-1])
            for row in prepared_calls.rows(self._readable(), query, parameters)
        ]

    def _transfers(self, source: str, parameters: list[object]) -> list[Transfer]:
        found = prepared_calls.rows(self._readable(), f"SELECT {_TRANSFER} FROM {source}", parameters)  # noqa: S608
        names = _TRANSFER.split(", ")
        return [Transfer.of_row(dict(zip(names, row, strict=True))) for row in found]
