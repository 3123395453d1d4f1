"""Trading in the back office: everything to see, nothing to change."""

from trading.admin import commissions, dealing

__all__ = ["commissions", "dealing"]
