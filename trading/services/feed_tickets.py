"""Tickets for the websocket feed: good once, for 30 seconds, for one client of one cell.

A browser can't send its session's header with a websocket's handshake, and a session's token must stand in no
address and no log. They live in Valkey; while it doesn't answer there are none: this fails closed.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from typing import Final
from uuid import UUID

import redis

from fintech.cells import current_cell
from fintech.journal import Refusal
from trading.selectors.market import valkey

logger = logging.getLogger(__name__)

TICKET_SECONDS: Final = 30


def issue_ticket(client_id: UUID) -> str:
    """A new ticket of the client. Raises Refusal (503) while Valkey doesn't answer."""
    ticket = secrets.token_urlsafe(32)
    try:
        valkey().set(_key(ticket), str(client_id), ex=TICKET_SECONDS)
    except redis.RedisError as error:
        logger.warning("no ticket could be issued", extra={"error": type(error).__name__})
        raise Refusal(
            "feed-unavailable", "The feed can't be opened at this moment. Try again shortly.", status=503
        ) from None
    return ticket


def redeem_ticket(ticket: str) -> UUID | None:
    """The client whose ticket it is, and the ticket is spent; None for one that's unknown, spent, too old or
    another cell's, and while Valkey doesn't answer.
    """
    try:
        found = valkey().getdel(_key(ticket))
    except redis.RedisError as error:
        logger.warning("no ticket could be redeemed", extra={"error": type(error).__name__})
        return None
    return UUID(found.decode()) if isinstance(found, bytes) else None


def _key(ticket: str) -> str:
    # What stands in the store can't be used as a ticket.
    return f"{current_cell().name}:feed-ticket:{hashlib.sha256(ticket.encode()).hexdigest()}"
