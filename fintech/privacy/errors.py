"""How opening sealed data fails. Pure."""

from __future__ import annotations


class Erased(Exception):
    """The key was destroyed: what it sealed is forgotten, everywhere and for good."""


class Unreadable(Exception):
    """Sealed bytes that this cell and concern can't open.

    They were altered, belong to another person, cell or concern, or their key isn't in this database
    (a copy without its keys). Never raised for what has been erased.
    """
