"""Tickets for the feed: once, soon, in their own cell, or not at all."""

from __future__ import annotations

from fintech.cells import CellContext
from fintech.cells.identifiers import uuid7
from trading.selectors import market
from trading.services import feed_tickets
from trading.services.feed_tickets import TICKET_SECONDS, issue_ticket, redeem_ticket
from trading.tests.dealing_room import refusal_of


def test_a_ticket_is_good_once(eu: CellContext) -> None:
    client_id = uuid7()
    ticket = issue_ticket(client_id)

    assert redeem_ticket(ticket) == client_id
    assert redeem_ticket(ticket) is None


def test_a_ticket_expires(eu: CellContext) -> None:
    ticket = issue_ticket(uuid7())

    seconds = market.valkey().ttl(feed_tickets._key(ticket))

    assert 0 < seconds <= TICKET_SECONDS == 30


def test_what_stands_in_the_store_is_no_ticket(eu: CellContext) -> None:
    ticket = issue_ticket(uuid7())

    assert ticket not in feed_tickets._key(ticket)
    assert redeem_ticket(feed_tickets._key(ticket)) is None


def test_an_unknown_ticket_is_nobodys(eu: CellContext) -> None:
    assert redeem_ticket("made-up") is None


def test_without_the_store_there_are_no_tickets(eu: CellContext, no_valkey: None) -> None:
    assert redeem_ticket("made-up") is None
    refusal = refusal_of(issue_ticket, uuid7())
    assert (refusal.code, refusal.status) == ("feed-unavailable", 503)
