"""Telling the feed's processes that an account has news: a follower of trading's own log rings in Valkey.

Only a bell: what is sent to clients is read from the log. A lost ring costs a second, until the gateway looks itself.
"""

from __future__ import annotations

import logging

import redis

from fintech.cells import current_cell
from fintech.factlog import Followed, follower
from trading.selectors.market import valkey

logger = logging.getLogger(__name__)

SUBJECT = "trading_account"


def accounts_channel(cell_name: str) -> str:
    """The channel on which the ids of accounts with news are published."""
    return f"{cell_name}:feed-accounts"


@follower("trading.feed_bell", source="trading.fact", into="trading", replayable=True, batch=True)
def ring(entries: list[Followed]) -> None:
    """Publish the ids of the accounts that the batch tells of."""
    accounts = {entry.subject[1] for entry in entries if entry.subject[0] == SUBJECT}
    if not accounts:
        return
    try:
        pipeline = valkey().pipeline(transaction=False)
        for account in accounts:
            pipeline.publish(accounts_channel(current_cell().name), account)
        pipeline.execute()
    except redis.RedisError as error:
        logger.warning("the feed wasn't woken", extra={"error": type(error).__name__})
