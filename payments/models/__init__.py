"""The concern's tables."""

from payments.models.deposits import Deposit
from payments.models.psp_events import PspEvent
from payments.models.sources import PaymentSource
from payments.models.transfers import WalletTransfer
from payments.models.wallets import Wallet
from payments.models.withdrawals import Payout, Withdrawal, WithdrawalApproval

__all__ = [
    "Deposit",
    "PaymentSource",
    "Payout",
    "PspEvent",
    "Wallet",
    "WalletTransfer",
    "Withdrawal",
    "WithdrawalApproval",
]
