"""What a client may do with money, from crm's primary: withdrawals, approvals and payouts act on no older copy."""

from __future__ import annotations

from uuid import UUID

from crm.selectors.standing import ClientStanding, UnknownClient, client_standing
from payments.services import refusals


def standing_of(client_id: UUID) -> ClientStanding:
    """The client's standing at this moment; refuses an unknown client."""
    try:
        return client_standing(client_id)
    except UnknownClient:
        raise refusals.client_unknown() from None


def active_standing(client_id: UUID) -> ClientStanding:
    """The same; refuses a client who is suspended or whose relationship has ended."""
    standing = standing_of(client_id)
    if standing.status != "active":
        raise refusals.client_not_active(standing.status)
    return standing


def standing_to_withdraw(client_id: UUID) -> ClientStanding:
    """The same; refuses a client whose identity isn't proved, too."""
    standing = active_standing(client_id)
    if not standing.verified:
        raise refusals.not_verified()
    return standing
