"""What the feed reads of an account: a snapshot with its sequence number, and the events after one.

Snapshot and number are read in one database snapshot, so that the snapshot with the events after its number is what
a later snapshot shows. An account's events are the facts of its subject, whose numbers have no gaps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connections, transaction

from fintech.cells import alias_for
from fintech.factlog.followers import Followed
from fintech.factlog.reading import current_incarnation, read_subject, subject_seq
from fintech.facts.codec import encode
from fintech.ledger.book import Book
from fintech.ledger.currencies import currency
from fintech.ledger.money import Money
from trading.feed.messages import ResumePoint
from trading.models import TradingAccount
from trading.selectors.positions import open_positions
from trading.selectors.trading_accounts import account_of

PAGE = 500


@dataclass(frozen=True)
class Snapshot:
    """An account as it stands after the event of number `sequence` in the history that `history` names."""

    history: str
    sequence: int
    account: dict[str, Any]
    positions: list[dict[str, Any]]


@dataclass(frozen=True)
class Event:
    """One numbered event of an account."""

    sequence: int
    kind: str
    at: str
    data: dict[str, Any]


def history_of_log() -> str:
    """The token of the history that numbers belong to: the log's incarnation, and the server's timeline.

    After a failover to an asynchronous standby numbers may be issued again with other content; a client that comes
    with another token gets a snapshot.
    """
    with connections[alias_for("trading")].cursor() as cursor:
        cursor.execute("SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)")
        (timeline,) = cursor.fetchone()
    return f"{current_incarnation('trading')[0]}:{timeline}"


def snapshot(client_id: UUID, trading_account_id: UUID) -> Snapshot | None:
    """One of the client's own accounts; None for one that isn't theirs or doesn't exist."""
    alias = alias_for("trading")
    history = history_of_log()
    with transaction.atomic(using=alias):
        with connections[alias].cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        account = account_of(client_id, trading_account_id)
        if account is None:
            return None
        return Snapshot(
            history=history,
            sequence=subject_seq("trading", ("trading_account", str(account.id))),
            account=_account(account),
            positions=_positions(account),
        )


def may_resume(client_id: UUID, trading_account_id: UUID, resume: ResumePoint) -> bool:
    """Whether the account is the client's and the point lies in the present history."""
    return (
        resume.history == history_of_log()
        and account_of(client_id, trading_account_id) is not None
        and resume.sequence <= subject_seq("trading", ("trading_account", str(trading_account_id)))
    )


def events_after(trading_account_id: UUID, sequence: int) -> list[Event]:
    """The account's events past a number, in order and without gaps; at most a page of them."""
    facts = read_subject("trading", ("trading_account", str(trading_account_id)), after_seq=sequence, limit=PAGE)
    return [_event(entry) for entry in facts]


def last_sequences(trading_account_ids: list[UUID]) -> dict[UUID, int]:
    """The last number of each account, in one look."""
    with connections[alias_for("trading")].cursor() as cursor:
        cursor.execute(
            "SELECT id, seq FROM factlog_subject WHERE type = 'trading_account' AND id = ANY (%s)",
            [[str(identity) for identity in trading_account_ids]],
        )
        return {UUID(identity): seq for identity, seq in cursor.fetchall()}


def _event(entry: Followed) -> Event:
    at = encode(entry.recorded_at)
    return Event(sequence=entry.seq or 0, kind=entry.kind, at=str(at), data=dict(entry.data))


def _account(account: TradingAccount) -> dict[str, Any]:
    cash = Money(Book("trading").balance(account.account_number).posted, currency(account.currency))
    return {
        "trading_account_id": str(account.id),
        "account_number": str(account.account_number),
        "currency": account.currency,
        "leverage": account.leverage,
        "cash": {"amount": cash.decimal, "currency": account.currency},
    }


def _positions(account: TradingAccount) -> list[dict[str, Any]]:
    return [
        {
            "position_id": str(row.id),
            "instrument": row.instrument_id,
            "side": str(row.side),
            "volume": str(row.volume),
            "open_price": str(row.open_price),
            "opened_at": encode(row.opened_at),
        }
        for row in open_positions(account.id)
    ]
