"""Orders and positions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from crm.api.clients import client_id_of
from crm.api.permissions import IsClient
from fintech.http.idempotency import IdempotentPost
from fintech.http.pagination import CursorPage
from fintech.http.reading_own import reads_own
from fintech.http.serializers import PublicIdField, StrictSerializer, validated_query
from trading.api.serializers import (
    ClosePositionSerializer,
    DealSerializer,
    OrderSerializer,
    PlaceOrderSerializer,
    PositionSerializer,
)
from trading.selectors.margins import positions_at
from trading.selectors.market import read_market
from trading.selectors.positions import positions_of
from trading.selectors.trading_accounts import orders_of
from trading.services.orders import close_position, place_order

_ACCOUNT = OpenApiParameter("trading_account_id", UUID, required=False, description="Of this account only.")
_STATUS = OpenApiParameter("status", str, required=False, enum=["open", "closed"], description="Open if not given.")


class OrderQuery(StrictSerializer):
    """Which orders."""

    trading_account_id = PublicIdField(required=False)


class PositionQuery(OrderQuery):
    """Which positions."""

    status = serializers.ChoiceField(choices=["open", "closed"], default="open")


class OrderList(IdempotentPost, APIView):
    """A client's orders, newest first."""

    permission_classes = [IsClient]
    pagination_class = CursorPage

    @extend_schema(parameters=[_ACCOUNT], responses=OrderSerializer(many=True))
    @reads_own
    def get(self, request: Request) -> Response:
        """A page of orders with their fills."""
        query = validated_query(request, OrderQuery, also=("cursor", "limit"))
        page = self.pagination_class()
        orders = page.paginate_queryset(orders_of(client_id_of(request)).filter(**query), request, view=self)
        return page.get_paginated_response(OrderSerializer(orders, many=True).data)

    @extend_schema(request=PlaceOrderSerializer, responses={201: DealSerializer})
    def post(self, request: Request) -> Response:
        """Place a market order: it's filled at the latest quote, or refused."""
        asked = PlaceOrderSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        placed = place_order(key=self.idempotency_key, market=read_market(), **asked.validated_data)
        return Response(DealSerializer(placed).data, status=201)


class PositionList(APIView):
    """A client's positions, newest first."""

    permission_classes = [IsClient]
    pagination_class = CursorPage

    @extend_schema(parameters=[_ACCOUNT, _STATUS], responses=PositionSerializer(many=True))
    @reads_own
    def get(self, request: Request) -> Response:
        """A page of positions; open ones with what closing them now would bring."""
        query: dict[str, Any] = validated_query(request, PositionQuery, also=("cursor", "limit"))
        wanted = positions_of(client_id_of(request)).filter(closed_at__isnull=query.pop("status") == "open", **query)
        page = self.pagination_class()
        positions = page.paginate_queryset(wanted, request, view=self)
        shown = positions_at(positions, read_market())
        return page.get_paginated_response(PositionSerializer(shown, many=True).data)


class PositionClosing(IdempotentPost, APIView):
    """Closing a position."""

    permission_classes = [IsClient]

    @extend_schema(request=ClosePositionSerializer, responses={201: DealSerializer})
    def post(self, request: Request, position_id: UUID) -> Response:
        """Close all of it, or a part, at the latest quote."""
        asked = ClosePositionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        closed = close_position(
            key=self.idempotency_key, position_id=position_id, market=read_market(), **asked.validated_data
        )
        return Response(DealSerializer(closed).data, status=201)
