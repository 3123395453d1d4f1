"""What a client does before trading: questions and risk warning."""

from __future__ import annotations

from datetime import UTC, datetime

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from crm.api.clients import client_id_of
from crm.api.permissions import IsClient
from crm.api.serializers import (
    AcceptanceSerializer,
    AcceptedSerializer,
    AnswersSerializer,
    AppropriatenessTestSerializer,
    QuestionnaireSerializer,
    RiskWarningSerializer,
)
from crm.models import AppropriatenessTest, RiskWarningAcceptance
from crm.rules.appropriateness import questionnaire_for
from crm.selectors.standing import client_standing
from crm.services.before_trading import accept_risk_warning, answer_appropriateness
from fintech.cells import current_cell
from fintech.http.idempotency import IdempotentPost


class QuestionnaireView(APIView):
    """The questions that are asked before trading."""

    permission_classes = (IsClient,)

    @extend_schema(operation_id="appropriateness_questionnaire_read", responses=QuestionnaireSerializer)
    def get(self, request: Request) -> Response:
        """The questions in force; 404 where the jurisdiction asks none."""
        asked = questionnaire_for(current_cell().jurisdiction.rules_at(datetime.now(UTC)).appropriateness)
        if asked is None:
            raise NotFound("No questions are asked in this jurisdiction.")
        questions = [
            {
                "code": question.code,
                "text": question.text,
                "choices": [{"code": code, "text": text} for code, text in question.choices.items()],
            }
            for question in asked.questions
        ]
        shown = {"name": asked.name, "kind": asked.kind, "questions": questions}
        return Response(QuestionnaireSerializer(shown).data)


class AppropriatenessTestsView(IdempotentPost, APIView):
    """Sets of answers to the questions."""

    permission_classes = (IsClient,)

    @extend_schema(
        operation_id="appropriateness_test_create",
        request=AnswersSerializer,
        responses={201: AppropriatenessTestSerializer},
    )
    def post(self, request: Request) -> Response:
        """Answer the questions in force; whether the answers pass is in the response."""
        given = AnswersSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        test_id = answer_appropriateness(
            key=self.idempotency_key, client_id=client_id_of(request), **given.validated_data
        )
        test = AppropriatenessTest.objects.get(pk=test_id)
        return Response(AppropriatenessTestSerializer(test).data, status=201)


class RiskWarningView(APIView):
    """The entity's risk warning."""

    permission_classes = (IsClient,)

    @extend_schema(operation_id="risk_warning_read", responses=RiskWarningSerializer)
    def get(self, request: Request) -> Response:
        """The warning in force, and whether the client has accepted exactly this version."""
        standing = client_standing(client_id_of(request))
        warning = current_cell().jurisdiction.rules_at(datetime.now(UTC)).risk_warnings[standing.entity]
        accepted = RiskWarningAcceptance.objects.filter(
            client_id=standing.client_id, entity=standing.entity, version=warning.version
        ).first()
        shown = {
            "kind": warning.kind,
            "version": warning.version,
            "text": warning.text,
            "accepted_at": accepted.accepted_at if accepted else None,
        }
        return Response(RiskWarningSerializer(shown).data)


class RiskWarningAcceptancesView(IdempotentPost, APIView):
    """Acceptances of the risk warning."""

    permission_classes = (IsClient,)

    @extend_schema(
        operation_id="risk_warning_acceptance_create",
        request=AcceptanceSerializer,
        responses={201: AcceptedSerializer},
    )
    def post(self, request: Request) -> Response:
        """Accept the warning in force, by the version that was read."""
        given = AcceptanceSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        acceptance_id = accept_risk_warning(
            key=self.idempotency_key, client_id=client_id_of(request), **given.validated_data
        )
        acceptance = RiskWarningAcceptance.objects.get(pk=acceptance_id)
        return Response(AcceptedSerializer(acceptance).data, status=201)
