"""The door for PSPs' messages: proved over the raw bytes, stored and committed, answered, and only then applied."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from fintech.cells import current_cell
from fintech.http import problem_types
from fintech.http.problems import Problem, problem_of
from fintech.observability.metrics import counter
from payments.problem_types import WEBHOOK_FORGED
from payments.psps.deployment import provider
from payments.psps.protocol import ForgedWebhook
from payments.psps.registry import UnknownProvider
from payments.services.psp_event_storing import receive
from payments.services.publishing import publish_event

LONGEST_BODY: Final = 64 * 1024

logger = logging.getLogger(__name__)
security = logging.getLogger("fintech.security")

_received = counter("fintech_webhooks_total", "Messages that came to the PSPs' door.", ("cell", "psp", "outcome"))


@csrf_exempt
def webhook(request: HttpRequest, psp: str) -> HttpResponse:
    """Take one message. 200 once it is stored, however often it comes; 401 for what isn't proved."""
    if request.method != "POST":
        return Problem.of(problem_types.METHOD_NOT_ALLOWED, headers={"Allow": "POST"}).response()
    try:
        adapter = provider(psp)
    except UnknownProvider:
        return Problem.of(problem_types.NOT_FOUND, "No such provider sends messages here.").response()
    try:
        body = request.read(LONGEST_BODY + 1)
    except UnreadablePostError as unreadable:
        return (problem_of(unreadable) or Problem.of(problem_types.MALFORMED_REQUEST)).response()
    if len(body) > LONGEST_BODY:
        return _no(psp, "too-large", Problem.of(problem_types.PAYLOAD_TOO_LARGE, "A message has at most 64 KiB."))
    try:
        verified = adapter.verify_webhook(dict(request.headers.items()), body, datetime.now(UTC))
    except ForgedWebhook as forged:
        security.warning("a webhook isn't proved", extra={"psp": psp, "why": str(forged)})
        return _no(psp, "forged", Problem.of(WEBHOOK_FORGED))
    stored = receive(psp, verified, body)
    _count(psp, "stored" if stored.news else "repeated")
    if stored.news:
        publish_event(stored.psp_event_id)
    return JsonResponse({"received": str(stored.psp_event_id)})


def _no(psp: str, outcome: str, problem: Problem) -> HttpResponse:
    _count(psp, outcome)
    return problem.response()


def _count(psp: str, outcome: str) -> None:
    _received.labels(cell=current_cell().name, psp=psp, outcome=outcome).inc()
