"""The back office of payments."""

from payments.admin import psp_events, wallets, withdrawals  # noqa: F401
