"""What can go wrong with a release."""

from __future__ import annotations


class NotReleased(RuntimeError):
    """A step didn't end well; the message says which, and what the cloud said."""
