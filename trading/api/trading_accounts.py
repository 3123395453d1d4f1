"""Trading accounts: opening them, what they are worth, money back to a wallet, statements."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
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
    OpenAccountSerializer,
    SendToWalletSerializer,
    StatementLineSerializer,
    TradingAccountSerializer,
    TransferSentSerializer,
)
from trading.models import TradingAccount
from trading.selectors.margins import overview
from trading.selectors.market import read_market
from trading.selectors.statements import StatementLine, statement
from trading.selectors.trading_accounts import account_of, accounts_of
from trading.services.trading_accounts import open_trading_account
from trading.services.transfers import send_to_wallet


class TradingAccountList(IdempotentPost, APIView):
    """A client's trading accounts."""

    permission_classes = [IsClient]
    pagination_class = CursorPage

    @extend_schema(responses=TradingAccountSerializer(many=True))
    @reads_own
    def get(self, request: Request) -> Response:
        """Every account, with its worth at the quotes of this moment."""
        page = self.pagination_class()
        accounts = page.paginate_queryset(accounts_of(client_id_of(request)), request, view=self)
        market = read_market()
        shown = [overview(account, market) for account in accounts]
        return page.get_paginated_response(TradingAccountSerializer(shown, many=True).data)

    @extend_schema(request=OpenAccountSerializer, responses={201: TradingAccountSerializer})
    def post(self, request: Request) -> Response:
        """Open an account."""
        asked = OpenAccountSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        client_id = client_id_of(request)
        opened = open_trading_account(
            key=self.idempotency_key,
            client_id=client_id,
            currency=asked.validated_data["currency"],
            leverage=asked.validated_data["leverage"],
            kind=TradingAccount.Kind(asked.validated_data["kind"]),
        )
        account = own_account(request, opened.trading_account_id)
        return Response(TradingAccountSerializer(overview(account, read_market())).data, status=201)


class TradingAccountDetail(APIView):
    """One trading account."""

    permission_classes = [IsClient]

    @extend_schema(responses=TradingAccountSerializer)
    def get(self, request: Request, trading_account_id: UUID) -> Response:
        """Its worth at the quotes of this moment."""
        account = own_account(request, trading_account_id)
        return Response(TradingAccountSerializer(overview(account, read_market())).data)


class TransferToWallet(IdempotentPost, APIView):
    """Money from a trading account to a wallet."""

    permission_classes = [IsClient]

    @extend_schema(request=SendToWalletSerializer, responses={201: TransferSentSerializer})
    def post(self, request: Request, trading_account_id: UUID) -> Response:
        """Send it; the wallet has it a moment later."""
        asked = SendToWalletSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        sent = send_to_wallet(
            key=self.idempotency_key,
            trading_account_id=trading_account_id,
            wallet_id=asked.validated_data["wallet_id"],
            amount=asked.validated_data["amount"],
            market=read_market(),
        )
        return Response(TransferSentSerializer(sent).data, status=201)


class StatementQuery(StrictSerializer):
    """Whose statement."""

    trading_account_id = PublicIdField()


class StatementList(APIView):
    """The statement of a trading account, newest first."""

    permission_classes = [IsClient]
    pagination_class = CursorPage

    @extend_schema(
        parameters=[OpenApiParameter("trading_account_id", UUID, required=True)],
        responses=StatementLineSerializer(many=True),
    )
    @reads_own
    def get(self, request: Request) -> Response:
        """A page of movements of its cash."""
        query = validated_query(request, StatementQuery, also=("cursor", "limit"))
        account = own_account(request, query["trading_account_id"])

        def fetch(after: str | None, count: int) -> list[StatementLine]:
            return statement(account, before=None if after is None else int(after), limit=count)

        page = self.pagination_class()
        lines = page.paginate(fetch, request, key=lambda line: str(line.id), order=str(account.id))
        return page.get_paginated_response(StatementLineSerializer(lines, many=True).data)


def own_account(request: Request, trading_account_id: UUID) -> TradingAccount:
    """One of the client's own accounts. Raises Http404 for every other."""
    account = account_of(client_id_of(request), trading_account_id)
    if account is None:
        raise Http404
    return account
