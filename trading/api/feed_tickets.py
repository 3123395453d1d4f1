"""Tickets for the websocket feed."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from crm.api.clients import client_id_of
from crm.api.permissions import IsClient
from trading.api.serializers import FeedTicketSerializer
from trading.services.feed_tickets import TICKET_SECONDS, issue_ticket


class FeedTicketList(APIView):
    """Tickets for the feed."""

    permission_classes = [IsClient]

    @extend_schema(request=None, responses={201: FeedTicketSerializer})
    def post(self, request: Request) -> Response:
        """A new ticket, good once and not for long: `wss://…/feed/?ticket=…`."""
        ticket = {"ticket": issue_ticket(client_id_of(request)), "expires_in_seconds": TICKET_SECONDS}
        return Response(FeedTicketSerializer(ticket).data, status=201, headers={"Cache-Control": "no-store"})
