"""`manage.py commissions pay --cell eu`: pay introducing brokers what they have earned."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from fintech.cells import Actor, cell
from fintech.journal import Refusal
from trading.selectors.commissions import Unpaid, unpaid
from trading.services.commissions import CommissionsPaid, pay_commissions


class Command(BaseCommand):
    """Pays each introducing broker's unpaid accruals to their wallet; may be run again at any time."""

    # `check` runs all of them; loading every page for that takes longer than the command itself.
    requires_system_checks: list[str] = []
    help = "Pay introducing brokers what they have earned. Example: commissions pay --cell eu"

    def add_arguments(self, parser: CommandParser) -> None:
        """The one action, and the cell."""
        parser.add_argument("action", choices=["pay"], help="pay: everything that is unpaid, to the wallets")
        parser.add_argument("--cell", required=True, help="the cell whose introducing brokers are paid")

    def handle(self, *args: Any, **options: Any) -> None:
        """Pay, and say what was paid."""
        with cell(options["cell"], actor=Actor.system("commission payout")):
            found = unpaid()
            for waiting in found:
                paid = self._pay(waiting)
                if paid is not None:
                    self.stdout.write(f"{paid.amount} to {waiting.ib_id} for {paid.accruals} accruals")
            if not found:
                self.stdout.write("Nothing is unpaid.")

    def _pay(self, waiting: Unpaid) -> CommissionsPaid | None:
        try:
            return pay_commissions(
                # By what is paid: a second run that finds the same gets the first one's answer.
                key=f"{waiting.ib_id}:{waiting.entity}:{waiting.currency}:{waiting.through}",
                ib_id=waiting.ib_id,
                entity=waiting.entity,
                currency_code=waiting.currency,
                through=waiting.through,
            )
        except Refusal as refusal:
            self.stderr.write(f"{waiting.ib_id}: {refusal.detail}")
            return None
