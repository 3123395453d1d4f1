"""The write that is captured, the same for all: a deposit is made, and then its state changes, in two transactions.

Run in the product's environment and in the peers': Django and nothing else.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from django.utils import timezone

from bench.work import Operation

Transaction = Callable[[], AbstractContextManager[object]]


def writes(model: Any, transaction: Transaction, *, wallet_id: uuid.UUID, client_id: uuid.UUID) -> Operation:
    """Two writes of a deposit model, each in a transaction of its own in which the actor is named."""

    def write_twice() -> int:
        identity = uuid.uuid4()
        now = timezone.now()
        with transaction():
            deposit = model.objects.create(
                id=identity,
                wallet_id=wallet_id,
                client_id=client_id,
                psp="sandbox",
                method="card",
                reference=f"eu-{identity}",
                amount_minor=12_050,
                currency="EUR",
                bank_only=False,
                state_since=now,
                requested_at=now,
            )
        with transaction():
            deposit.state = "pending"
            deposit.state_since = timezone.now()
            deposit.save(update_fields=["state", "state_since"])
        return 2

    return write_twice
