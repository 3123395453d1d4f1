"""What trading does about others' facts, and about its own."""

from __future__ import annotations

from fintech.factlog import Followed, follower
from fintech.factlog.followers import HEARTBEAT
from fintech.factlog.heartbeats import time_of
from fintech.facts.crm import ClientIntroduced, ClientStandingChanged
from fintech.facts.trading import OrderFilled
from fintech.ledger.house_accounts import HousePurpose, house_account
from trading.services.commissions import accrue
from trading.services.standing import FOLLOWER, keep_introduction, keep_standing, move_clock
from trading.services.transfers import SentFromWallet, receive_from_wallet


# Standing, hierarchy and clock have one follower and so one bookmark: when the clock says that crm is known
# up to a moment, every standing and introduction from before it is known, too.
@follower(
    FOLLOWER,
    source="crm.fact",
    kinds=(ClientStandingChanged, ClientIntroduced, HEARTBEAT),
    into="trading",
    replayable=True,
    skip_heartbeats=False,
)
def keep_client_standing(entry: Followed) -> None:
    """Keep the copy of clients' standing and introductions, and how old it is."""
    if isinstance(entry.fact, ClientStandingChanged):
        keep_standing(entry.fact, fact_id=entry.id)
    elif isinstance(entry.fact, ClientIntroduced):
        keep_introduction(entry.fact, fact_id=entry.id)
    else:
        move_clock(time_of(dict(entry.data)))


@follower("trading.receive_from_wallets", source="payments.transfer", into="trading", replayable=False)
def receive_from_wallets(entry: Followed) -> None:
    """Credit trading accounts with what wallets sent them.

    Every transfer into payments' in-transit account is money that is ours to receive, whatever its code.
    """
    credit = entry.data["credit"]
    if credit > 0 or house_account(credit).purpose is not HousePurpose.IN_TRANSIT_OUT:
        return
    receive_from_wallet(
        SentFromWallet(
            transfer_id=entry.id,
            client_id=entry.data["client_id"],
            in_transit=credit,
            amount_minor=entry.data["amount"],
            meant_for=entry.data["reference"],
        )
    )


@follower("trading.accrue_commission", source="trading.fact", kinds=(OrderFilled,), into="trading", replayable=False)
def accrue_commission(entry: Followed) -> None:
    """Accrue what introducing brokers earn on a fill."""
    accrue(entry.fact)
