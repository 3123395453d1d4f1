"""What a demo begins with: staff of every group, and an introducing broker. For the local stack only.

The passwords are no secrets: they are printed, and everything they open is made up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from crm.models import IntroducingBroker
from crm.passwords import hashed
from crm.selectors.clients import user_by_email
from crm.selectors.second_factors import has_second_factor
from crm.services.introducing_brokers import register_introducing_broker
from crm.services.second_factors import enrol_staff_totp
from crm.services.staff import create_staff
from fintech.cells import current_cell
from fintech.cells.identifiers import uuid7

PASSWORD: Final = "demo-Passw0rd-2026"  # noqa: S105  # printed by the demo, opens made-up data only
# The same for all of the demo's staff, so that one entry of an authenticator app does for all of them.
SECOND_FACTOR_SEED: Final = "DEMODEMODEMODEMODEMODEMODEMODEMO"
BROKER_CODE: Final = "DEMO-IB"


@dataclass(frozen=True, kw_only=True)
class DemoStaff:
    """Somebody of the demo's staff, in every cell with an address of its own."""

    name: str
    groups: tuple[str, ...]

    def email(self, cell_name: str) -> str:
        """The address to sign in with, in one cell."""
        return f"{self.name}@{cell_name}.example.com"


STAFF: Final = (
    DemoStaff(name="compliance", groups=("compliance",)),
    # Three, since nobody approves what they have begun, and large withdrawals need two.
    DemoStaff(name="payments-1", groups=("payments",)),
    DemoStaff(name="payments-2", groups=("payments",)),
    DemoStaff(name="payments-3", groups=("payments",)),
    DemoStaff(name="dealing", groups=("dealing",)),
    DemoStaff(name="support", groups=("support",)),
)


def load() -> Iterator[str]:
    """Make what isn't there yet in the bound cell; gives a line for each thing. Run again, it makes nothing."""
    cell_name = current_cell().name
    for member in STAFF:
        email = member.email(cell_name)
        user = user_by_email(email)
        if user is None:
            user_id = create_staff(
                key=f"demo:{email}", email=email, password_hash=hashed(PASSWORD, email=email), groups=member.groups
            )
            yield f"staff {email} ({', '.join(member.groups)})"
        else:
            user_id = user.pk
        if not has_second_factor(user_id):
            enrol_staff_totp(key=str(uuid7()), user_id=user_id, secret=SECOND_FACTOR_SEED, step=0, replace=False)
            yield f"second factor of {email}"
    if not IntroducingBroker.objects.filter(code=BROKER_CODE).exists():
        register_introducing_broker(key=f"demo:{BROKER_CODE}", code=BROKER_CODE, name="Demo Partners Ltd")
        yield f"introducing broker {BROKER_CODE}"
