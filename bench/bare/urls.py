"""The one view: reads JSON, inserts a row, answers."""

from __future__ import annotations

import json
import uuid

from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.utils import timezone

from bench.bare.models import Deposit


def create_deposit(request: HttpRequest) -> JsonResponse:
    """Insert a deposit; nobody is asked who they are, and nothing is checked."""
    body = json.loads(request.body)
    identity, now = uuid.uuid4(), timezone.now()
    deposit = Deposit.objects.create(
        id=identity,
        wallet_id=body["wallet_id"],
        client_id=body["wallet_id"],
        psp="sandbox",
        method=body["method"],
        reference=f"eu-{identity}",
        amount_minor=int(body["amount"]["amount"].replace(".", "")),
        currency=body["amount"]["currency"],
        bank_only=False,
        state="requested",
        state_since=now,
        requested_at=now,
    )
    return JsonResponse({"id": deposit.id, "state": deposit.state, "amount": body["amount"]}, status=201)


urlpatterns = [path("deposits", create_deposit)]
