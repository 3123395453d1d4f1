"""Why money moved: the code of a transfer or hold. Stored in the ledger, so a number is for ever."""

from enum import IntEnum


class TransferCode(IntEnum):
    """The reason of a transfer. Tens group what belongs together; `word` is what logs and the API say."""

    # Money that comes in.
    DEPOSIT = 1
    DEPOSIT_FEE = 2
    DEPOSIT_REFUNDED = 3
    CHARGEBACK = 4
    CHARGEBACK_REVERSED = 5
    DEBT_INCURRED = 6
    DEBT_REPAID = 7
    DEBT_WRITTEN_OFF = 8

    # Money that goes out.
    WITHDRAWAL = 10
    WITHDRAWAL_FEE = 11
    WITHDRAWAL_RETURNED = 12

    # Between the books of payments and trading, named by the direction, and by the side that books it.
    TO_TRADING_SENT = 20
    TO_TRADING_RECEIVED = 21
    TO_WALLET_SENT = 22
    TO_WALLET_RECEIVED = 23
    TO_SUSPENSE = 24
    FROM_SUSPENSE = 25

    # Between accounts of one book.
    CLIENT_TO_CLIENT = 30
    CONVERSION = 31

    # Trading.
    TRADING_RESULT = 40
    COMMISSION = 41
    SWAP = 42
    NEGATIVE_BALANCE_PROTECTION = 43
    DIVIDEND = 44

    # Introducing brokers and bonuses.
    IB_PAYOUT = 50
    IB_CLAW_BACK = 51
    BONUS_GRANTED = 55
    BONUS_REVOKED = 56

    # House.
    PSP_SETTLEMENT = 70
    HOUSE_FUNDING = 71

    # By hand, with a reason.
    ADJUSTMENT = 90
    CORRECTION = 91
    OPENING_BALANCE = 92

    @property
    def word(self) -> str:
        """The code as a stable lower-case word: `withdrawal-returned`."""
        return self.name.lower().replace("_", "-")
