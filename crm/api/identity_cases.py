"""Proving identity: cases and their documents."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.generics import ListAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from crm.api.clients import client_id_of
from crm.api.permissions import IsClient
from crm.api.serializers import DocumentSerializer, IdentityCaseSerializer, OpenCaseSerializer, UploadSerializer
from crm.api.uploads import TakesDocument
from crm.models import IdentityCase, IdentityDocument
from crm.selectors.identity_cases import case_of_client, cases_of_client
from crm.services.identity_cases import open_identity_case, submit_identity_case, upload_document
from fintech.http.idempotency import IdempotentPost
from fintech.http.reading_own import reads_own


class IdentityCasesView(IdempotentPost, ListAPIView):  # type: ignore[type-arg]
    """The client's cases."""

    permission_classes = (IsClient,)
    serializer_class = IdentityCaseSerializer

    def get_queryset(self) -> QuerySet[IdentityCase]:
        """The client's own, newest first."""
        if getattr(self, "swagger_fake_view", False):
            return IdentityCase.objects.none()
        return cases_of_client(client_id_of(self.request))

    @extend_schema(operation_id="identity_case_list")
    @reads_own
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The client's cases, newest first."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="identity_case_create", request=OpenCaseSerializer, responses={201: IdentityCaseSerializer}
    )
    def post(self, request: Request) -> Response:
        """Begin a case; documents go into it until it is handed in."""
        OpenCaseSerializer(data=request.data).is_valid(raise_exception=True)
        case_id = open_identity_case(key=self.idempotency_key, client_id=client_id_of(request))
        return _case(request, case_id, status=201)


class IdentityCaseView(APIView):
    """One case."""

    permission_classes = (IsClient,)

    @extend_schema(operation_id="identity_case_read", responses=IdentityCaseSerializer)
    @reads_own
    def get(self, request: Request, case_id: UUID) -> Response:
        """The case, with its documents and, once it is decided, the reason."""
        return _case(request, case_id)


class DocumentsView(IdempotentPost, TakesDocument, APIView):
    """The documents of a case."""

    permission_classes = (IsClient,)
    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="identity_document_create",
        request={"multipart/form-data": UploadSerializer},
        responses={201: DocumentSerializer},
    )
    def post(self, request: Request, case_id: UUID) -> Response:
        """Put a document into a drafted case. What it is is told by its content, whatever the form says."""
        given = UploadSerializer(data={**request.POST.dict(), **request.FILES.dict()})
        given.is_valid(raise_exception=True)
        document_id = upload_document(
            key=self.idempotency_key,
            client_id=client_id_of(request),
            case_id=case_id,
            kind=given.validated_data["kind"],
            content=given.validated_data["file"].read(),
        )
        document = IdentityDocument.objects.get(pk=document_id)
        return Response(DocumentSerializer(document).data, status=201)


class SubmissionView(IdempotentPost, APIView):
    """Handing a case in."""

    permission_classes = (IsClient,)

    @extend_schema(operation_id="identity_case_submit", request=OpenCaseSerializer, responses=IdentityCaseSerializer)
    def post(self, request: Request, case_id: UUID) -> Response:
        """Hand the case in: it takes no more documents and waits for compliance."""
        OpenCaseSerializer(data=request.data).is_valid(raise_exception=True)
        submit_identity_case(key=self.idempotency_key, client_id=client_id_of(request), case_id=case_id)
        return _case(request, case_id)


def _case(request: Request, case_id: UUID, *, status: int = 200) -> Response:
    case = case_of_client(client_id_of(request), case_id)
    if case is None:
        raise NotFound("There is no such case.")
    return Response(IdentityCaseSerializer(case).data, status=status)
