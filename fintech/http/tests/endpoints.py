"""Addresses that only tests have: each shows one thing that every endpoint shares."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import include, path
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from crm.models import User
from fintech.cells import NoCellBound, current_cell
from fintech.http.idempotency import IdempotentPost
from fintech.http.pagination import CursorPage
from fintech.http.serializers import (
    ExactDecimalField,
    FlagField,
    InstantField,
    MoneyField,
    NumberIdField,
    PublicIdField,
    StrictSerializer,
    TextField,
    WholeNumberField,
    validated_query,
)
from fintech.http.throttles import ActorThrottle
from fintech.journal import Refusal


class Open(APIView):
    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]


class AddressSerializer(StrictSerializer):
    city = TextField(max_length=20)


class EverythingSerializer(StrictSerializer):
    text = TextField(required=False, max_length=100)
    count = WholeNumberField(required=False)
    flag = FlagField(required=False)
    amount = MoneyField(required=False)
    balance = MoneyField(required=False, positive=False)
    lots = ExactDecimalField(required=False, decimals=2)
    client_id = PublicIdField(required=False)
    account = NumberIdField(required=False)
    at = InstantField(required=False)
    address = AddressSerializer(required=False)
    addresses = AddressSerializer(required=False, many=True)
    made_by_us = serializers.CharField(read_only=True)


class Echo(Open):
    """Answers with what it understood."""

    @extend_schema(request=EverythingSerializer, responses=EverythingSerializer)
    def post(self, request: Request) -> Response:
        serializer = EverythingSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response(EverythingSerializer(serializer.validated_data).data)


class Movement(IdempotentPost, Open):
    """Answers with the key that the journal would get."""

    @extend_schema(request=EverythingSerializer, responses=EverythingSerializer)
    def post(self, request: Request) -> Response:
        return Response({"key": self.idempotency_key})

    @extend_schema(responses=EverythingSerializer)
    def get(self, request: Request) -> Response:
        return Response({})


EXCEPTIONS: dict[str, Exception] = {
    "refusal": Refusal("insufficient-funds", "The wallet holds less.", available="5.00", threshold=3),
    "described": Refusal("throttled", "Slow down.", status=429),
    "unforeseen": ValueError("password of maria@example.com is hunter2"),
    "no-cell": NoCellBound("no cell is bound"),
    "database": OperationalError("connection to server at 10.1.2.3 failed"),
    "suspicious": SuspiciousOperation("secret path"),
    "throttled": exceptions.Throttled(wait=2.2),
    "not-authenticated": exceptions.NotAuthenticated(),
    "authentication-failed": exceptions.AuthenticationFailed(),
    "denied": exceptions.PermissionDenied(),
    "other": exceptions.APIException(),
}


class Raise(Open):
    """Raises the exception of this name."""

    def get(self, request: Request, name: str) -> Response:
        raise EXCEPTIONS[name]


class UserSerializer(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ["id", "email"]


class Users(Open):
    """A listing by UUIDv7."""

    @extend_schema(responses=UserSerializer(many=True))
    def get(self, request: Request) -> Response:
        pages = CursorPage()
        users = User.objects.filter(email__endswith=request.query_params.get("ending", ""))
        page = pages.paginate_queryset(users, request, self)
        return pages.get_paginated_response(UserSerializer(page, many=True).data)


class Numbers(Open):
    """A listing that is no queryset: the numbers from 1 to 7, oldest first."""

    def get(self, request: Request) -> Response:
        pages = CursorPage()

        def fetch(after: str | None, count: int) -> list[int]:
            return [number for number in range(1, 8) if number > int(after or 0)][:count]

        return pages.get_paginated_response(pages.paginate(fetch, request, key=str))


class FilterSerializer(StrictSerializer):
    state = serializers.ChoiceField(choices=["open", "closed"], required=False)
    large = serializers.BooleanField(required=False)


class Filtered(Open):
    """Answers with the filters that it understood."""

    def get(self, request: Request) -> Response:
        return Response(validated_query(request, FilterSerializer, also=("cursor", "limit")))


class Throttled(Open):
    """Three requests in ten minutes."""

    throttle_classes = [ActorThrottle]
    throttle_scope = "test"

    def get(self, request: Request) -> Response:
        return Response({})


class Who(Open):
    """Answers with the request's id, as the bound cell knows it."""

    def get(self, request: Request) -> Response:
        context = current_cell()
        return Response({"cell": context.name, "request_id": context.request_id, "actor": str(context.actor)})


def page_raising(request: HttpRequest) -> HttpResponse:
    raise ValueError("not for outside")


def streaming(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(current_cell().request_id for _ in range(2))


handler400 = "fintech.http.error_views.bad_request"
handler403 = "fintech.http.error_views.permission_denied"
handler404 = "fintech.http.error_views.page_not_found"
handler500 = "fintech.http.error_views.server_error"

urlpatterns = [
    path("api/v1/echo", Echo.as_view()),
    path("api/v1/movements", Movement.as_view()),
    path("api/v1/movements/other", Movement.as_view()),
    path("api/v1/raise/<slug:name>", Raise.as_view()),
    path("api/v1/users", Users.as_view()),
    path("api/v1/numbers", Numbers.as_view()),
    path("api/v1/filtered", Filtered.as_view()),
    path("api/v1/throttled", Throttled.as_view()),
    path("api/v1/who", Who.as_view()),
    path("api/v1/page-raising", page_raising),
    path("page-raising", page_raising),
    path("streaming", streaming),
    path("", include("fintech.http.urls")),
]
