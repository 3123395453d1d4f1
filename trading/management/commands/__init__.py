"""`engine`, `prices`, `commissions`."""
