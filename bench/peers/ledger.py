"""django-ledger: `EntityModel.commit_txs` with a posted journal entry of two transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth import get_user_model
from django.utils import timezone
from django_ledger.models import EntityModel

from bench.work import Operation, serve_threads


@contextmanager
def _operation_of_thread() -> Iterator[Operation]:
    """Journal entries in the entity's one ledger, between two of its accounts."""
    entity = EntityModel.objects.get(name="bench")
    ledger = entity.ledgermodel_set.get(ledger_xid="bench")
    accounts = entity.get_default_coa_accounts().filter(active=True)
    cash, fees = accounts.get(code="1010"), accounts.get(code="4010")

    def post() -> int:
        entity.commit_txs(
            je_timestamp=timezone.now(),
            je_txs=[
                {"account": cash, "amount": 5, "tx_type": "debit", "description": "bench"},
                {"account": fees, "amount": 5, "tx_type": "credit", "description": "bench"},
            ],
            je_posted=True,
            je_ledger_model=ledger,
        )
        return 1

    yield post


def main(threads: str) -> None:
    """Make the entity with its chart of accounts and ledger, then serve."""
    admin = get_user_model().objects.create_user("bench")
    entity = EntityModel.create_entity(name="bench", use_accrual_method=True, admin=admin, fy_start_month=1)
    entity.create_chart_of_accounts(assign_as_default=True, commit=True)
    entity.populate_default_coa(activate_accounts=True)
    entity.create_ledger(name="bench", ledger_xid="bench", posted=True)
    # Its counter of journal entries must stand before threads race to make it: they would never come to an end.
    with _operation_of_thread() as post:
        post()
    serve_threads(int(threads), _operation_of_thread)
