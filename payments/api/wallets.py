"""The client's wallets, and transfers to trading."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from crm.api.clients import client_id_of
from crm.api.permissions import IsClient
from fintech.http.idempotency import IdempotentPost
from fintech.http.reading_own import reads_own
from payments.api.serializers import (
    OpenWalletSerializer,
    SendTransferSerializer,
    TransferSerializer,
    WalletSerializer,
)
from payments.models import Wallet, WalletTransfer
from payments.selectors.wallets import transfers_of_client, wallets_of_client
from payments.services.transfers import send_to_trading
from payments.services.wallets import open_wallet


class WalletsView(IdempotentPost, ListAPIView):  # type: ignore[type-arg]
    """The client's wallets."""

    permission_classes = (IsClient,)
    serializer_class = WalletSerializer

    def get_queryset(self) -> QuerySet[Wallet]:
        """The client's own."""
        if getattr(self, "swagger_fake_view", False):
            return Wallet.objects.none()
        return wallets_of_client(client_id_of(self.request))

    @extend_schema(operation_id="wallet_list")
    @reads_own
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The client's wallets with their balances, newest first."""
        return super().get(request, *args, **kwargs)

    @extend_schema(operation_id="wallet_create", request=OpenWalletSerializer, responses={201: WalletSerializer})
    def post(self, request: Request) -> Response:
        """Open a wallet; the one that is there already in this currency is given."""
        given = OpenWalletSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        wallet_id = open_wallet(key=self.idempotency_key, client_id=client_id_of(request), **given.validated_data)
        return Response(WalletSerializer(Wallet.objects.get(pk=wallet_id)).data, status=201)


class TransfersView(IdempotentPost, ListAPIView):  # type: ignore[type-arg]
    """Transfers between wallets and trading accounts."""

    permission_classes = (IsClient,)
    serializer_class = TransferSerializer

    def get_queryset(self) -> QuerySet[WalletTransfer]:
        """The client's own."""
        if getattr(self, "swagger_fake_view", False):
            return WalletTransfer.objects.none()
        return transfers_of_client(client_id_of(self.request))

    @extend_schema(operation_id="transfer_list")
    @reads_own
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Transfers in both directions, newest first."""
        return super().get(request, *args, **kwargs)

    @extend_schema(operation_id="transfer_create", request=SendTransferSerializer, responses={201: TransferSerializer})
    def post(self, request: Request) -> Response:
        """Send money of a wallet to a trading account in the same currency; it's there in a moment."""
        given = SendTransferSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        asked = {name: value for name, value in given.validated_data.items() if name != "direction"}
        transfer_id = send_to_trading(key=self.idempotency_key, client_id=client_id_of(request), **asked)
        return Response(TransferSerializer(WalletTransfer.objects.get(pk=transfer_id)).data, status=201)
