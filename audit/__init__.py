"""The audit concern: an append-only, signed log of everything that the other concerns record."""
