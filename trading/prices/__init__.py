"""Prices: the port that they come in through, where they come from locally, and where the latest stand."""
