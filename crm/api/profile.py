"""The client's own profile."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from crm.api.clients import client_id_of
from crm.api.permissions import IsClient
from crm.api.serializers import ProfileChangeSerializer, ProfileSerializer
from crm.models import Client
from crm.selectors.clients import personal_data
from crm.selectors.standing import standing_of, steps_of
from crm.services.profile import change_profile
from fintech.cells import current_cell
from fintech.cells.identifiers import uuid7
from fintech.http.idempotency import HEADER, idempotency_key


class ProfileView(APIView):
    """Who the client is, and what the client may do."""

    permission_classes = (IsClient,)

    @extend_schema(operation_id="profile_read", responses=ProfileSerializer)
    def get(self, request: Request) -> Response:
        """The profile, with what is still to be done before full use of the account."""
        return _profile(request)

    @extend_schema(operation_id="profile_change", request=ProfileChangeSerializer, responses=ProfileSerializer)
    def patch(self, request: Request) -> Response:
        """Change what is named. A verified client's name and date of birth are what the documents proved."""
        given = ProfileChangeSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        received = request.headers.get(HEADER)
        key = idempotency_key(received, path=request.path) if received else str(uuid7())
        change_profile(key=key, client_id=client_id_of(request), **given.validated_data)
        return _profile(request)


def _profile(request: Request) -> Response:
    client = Client.objects.select_related("user").get(pk=client_id_of(request))
    entity = current_cell().jurisdiction.entity(client.entity)
    person = personal_data(client)
    standing = standing_of(client)
    shown: dict[str, Any] = {
        "client_id": client.pk,
        "entity": entity,
        "email": client.user.email,
        "full_name": person.full_name,
        "date_of_birth": person.date_of_birth,
        "address": person.address,
        "phone": person.phone,
        "country": client.country,
        "category": standing.category,
        "status": standing.status,
        "verified": standing.verified,
        "may_trade": standing.may_trade,
        "next_steps": steps_of(client, datetime.now(UTC)),
        "registered_at": client.registered_at,
    }
    return Response(ProfileSerializer(shown).data)
