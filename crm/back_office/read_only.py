"""The mark of an admin class that changes no row by itself."""

from fintech.http.read_only import ReadOnly

__all__ = ["ReadOnly"]
