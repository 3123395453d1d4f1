"""The fact log: what happened, written with what it tells, and followed by other databases exactly once."""

from fintech.factlog.bells import bell
from fintech.factlog.followers import Followed, follower
from fintech.factlog.recording import record

__all__ = ["Followed", "bell", "follower", "record"]
