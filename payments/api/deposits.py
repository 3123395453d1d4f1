"""Paying in."""

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
from payments.api.serializers import BeginDepositSerializer, DepositSerializer
from payments.models import Deposit
from payments.selectors.deposits import deposit_of_client, deposits_of_client
from payments.services.deposits import begin_deposit, open_page


class DepositsView(IdempotentPost, ListAPIView):  # type: ignore[type-arg]
    """The client's deposits."""

    permission_classes = (IsClient,)
    serializer_class = DepositSerializer

    def get_queryset(self) -> QuerySet[Deposit]:
        """The client's own."""
        if getattr(self, "swagger_fake_view", False):
            return Deposit.objects.none()
        return deposits_of_client(client_id_of(self.request))

    @extend_schema(operation_id="deposit_list")
    @reads_own
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The client's deposits, newest first, each with its next step."""
        return super().get(request, *args, **kwargs)

    @extend_schema(operation_id="deposit_create", request=BeginDepositSerializer, responses={201: DepositSerializer})
    def post(self, request: Request) -> Response:
        """Begin a deposit; the answer says where to pay. A retry with the same key gives the same deposit.

        When the provider can't be reached `page_url` is null: repeat the request, or read the deposit again.
        """
        given = BeginDepositSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        client_id = client_id_of(request)
        deposit_id = begin_deposit(key=self.idempotency_key, client_id=client_id, **given.validated_data)
        return _deposit(client_id, deposit_id, status=201)


class DepositView(APIView):
    """One deposit."""

    permission_classes = (IsClient,)

    @extend_schema(operation_id="deposit_read", responses=DepositSerializer)
    def get(self, request: Request, deposit_id: UUID) -> Response:
        """The deposit; where its payment page couldn't be opened yet, it's tried again."""
        return _deposit(client_id_of(request), deposit_id)


def _deposit(client_id: UUID, deposit_id: UUID, *, status: int = 200) -> Response:
    deposit = deposit_of_client(client_id, deposit_id)
    if deposit is None:
        raise NotFound("There is no such deposit.")
    return Response(DepositSerializer(open_page(deposit)).data, status=status)
