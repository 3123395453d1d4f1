"""The concern's tables."""

from crm.models.users import User

__all__ = ["User"]
