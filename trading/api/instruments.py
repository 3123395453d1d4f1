"""Instruments and their latest quotes."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from crm.api.permissions import IsClient
from fintech.journal import Refusal
from trading.api.serializers import InstrumentSerializer, QuotesSerializer
from trading.models import Instrument
from trading.selectors.instruments import instruments
from trading.selectors.market import read_market
from trading.selectors.quotes import shown_quotes


class InstrumentList(generics.ListAPIView[Instrument]):
    """What can be dealt in, by symbol."""

    permission_classes = [IsClient]
    serializer_class = InstrumentSerializer
    queryset = Instrument.objects.none()
    cursor_ordering = "symbol"

    def get_queryset(self) -> Any:
        """Every instrument."""
        return instruments()


class QuoteList(APIView):
    """The latest quote of each instrument that has one."""

    permission_classes = [IsClient]

    @extend_schema(operation_id="quotes_list", responses=QuotesSerializer)
    def get(self, request: Request) -> Response:
        """All of them at once."""
        market = read_market()
        if not market.reachable:
            raise Refusal("quotes-unavailable", "Quotes can't be read at this moment.", status=503)
        return Response(QuotesSerializer({"items": shown_quotes(market)}).data)
