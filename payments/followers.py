"""What payments does about others' facts."""

from __future__ import annotations

from fintech.factlog import Followed, follower
from fintech.ledger.house_accounts import HousePurpose, house_account
from fintech.ledger.transfer_codes import TransferCode
from payments.services.transfers import SentByTrading, receive_from_trading


@follower("payments.receive_from_trading", source="trading.transfer", into="payments", replayable=False)
def receive_from_trading_accounts(entry: Followed) -> None:
    """Credit wallets with what trading sent: cash of trading accounts, and brokers' commissions.

    Every transfer into trading's in-transit account is money that is ours to receive, whatever its code.
    """
    credit = entry.data["credit"]
    if credit > 0 or house_account(credit).purpose is not HousePurpose.IN_TRANSIT_OUT:
        return
    receive_from_trading(
        SentByTrading(
            transfer_id=entry.id,
            client_id=entry.data["client_id"],
            in_transit=credit,
            amount_minor=entry.data["amount"],
            code=TransferCode(entry.data["code"]),
            reference=entry.data["reference"],
        )
    )
