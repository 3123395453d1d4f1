"""Paying out."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from crm.api.clients import client_id_of
from crm.api.permissions import IsClient
from fintech.http.idempotency import IdempotentPost
from fintech.http.reading_own import reads_own
from payments.api.serializers import CancelSerializer, RequestWithdrawalSerializer, WithdrawalSerializer
from payments.models import Withdrawal
from payments.selectors.withdrawals import withdrawal_of_client, withdrawals_of_client
from payments.services.withdrawals import cancel_withdrawal, request_withdrawal


class WithdrawalsView(IdempotentPost, ListAPIView):  # type: ignore[type-arg]
    """The client's withdrawals."""

    permission_classes = (IsClient,)
    serializer_class = WithdrawalSerializer

    def get_queryset(self) -> QuerySet[Withdrawal]:
        """The client's own."""
        if getattr(self, "swagger_fake_view", False):
            return Withdrawal.objects.none()
        return withdrawals_of_client(client_id_of(self.request))

    @extend_schema(operation_id="withdrawal_list")
    @reads_own
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The client's withdrawals, newest first, each with its plan and next step."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="withdrawal_create",
        request=RequestWithdrawalSerializer,
        responses={201: WithdrawalSerializer},
    )
    def post(self, request: Request) -> Response:
        """Set money aside to be paid out, first to where it came from. Staff approve it before it's sent."""
        given = RequestWithdrawalSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        client_id = client_id_of(request)
        withdrawal_id = request_withdrawal(key=self.idempotency_key, client_id=client_id, **given.validated_data)
        return _withdrawal(client_id, withdrawal_id, status=201)


class WithdrawalView(APIView):
    """One withdrawal."""

    permission_classes = (IsClient,)

    @extend_schema(operation_id="withdrawal_read", responses=WithdrawalSerializer)
    @reads_own
    def get(self, request: Request, withdrawal_id: UUID) -> Response:
        """The withdrawal with its plan and next step."""
        return _withdrawal(client_id_of(request), withdrawal_id)


class CancellationView(IdempotentPost, APIView):
    """Cancelling a withdrawal."""

    permission_classes = (IsClient,)

    @extend_schema(operation_id="withdrawal_cancel", request=CancelSerializer, responses=WithdrawalSerializer)
    def post(self, request: Request, withdrawal_id: UUID) -> Response:
        """Cancel a withdrawal that isn't approved yet; the money is available again."""
        CancelSerializer(data=request.data).is_valid(raise_exception=True)
        client_id = client_id_of(request)
        cancel_withdrawal(key=self.idempotency_key, client_id=client_id, withdrawal_id=withdrawal_id)
        return _withdrawal(client_id, withdrawal_id)


def _withdrawal(client_id: UUID, withdrawal_id: UUID, *, status: int = 200) -> Response:
    withdrawal = withdrawal_of_client(client_id, withdrawal_id)
    if withdrawal is None:
        raise NotFound("There is no such withdrawal.")
    return Response(WithdrawalSerializer(withdrawal).data, status=status)
