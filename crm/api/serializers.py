"""What crm's API takes and gives."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from crm.rules.appropriateness import KINDS
from crm.rules.identity_cases import DOCUMENT_KINDS
from fintech.http.serializers import InstantField, ShownSerializer, StrictSerializer, TextField


class OneLineField(TextField):
    """A text without line breaks."""

    default_error_messages = {"line_break": "Line breaks aren't taken."}

    def to_internal_value(self, data: object) -> str:
        """The text."""
        text = super().to_internal_value(data)
        if len(text.splitlines()) > 1 or "\t" in text:
            self.fail("line_break")
        return text


class EntitySerializer(ShownSerializer[Any]):
    """The regulatory entity that a client has a contract with."""

    code = serializers.CharField()
    legal_name = serializers.CharField()
    licence = serializers.CharField()


class ProfileStepSerializer(ShownSerializer[Any]):
    """One thing that is still to be done, and who is to do it."""

    step = serializers.ChoiceField(choices=["answer_questions", "accept_risk_warning", "prove_identity"])
    holder = serializers.ChoiceField(choices=["client", "compliance"])


class ProfileSerializer(ShownSerializer[Any]):
    """Who the client is, and what the client may do."""

    client_id = serializers.UUIDField()
    entity = EntitySerializer()
    email = serializers.EmailField()
    full_name = serializers.CharField(allow_null=True)
    date_of_birth = serializers.DateField(allow_null=True)
    address = serializers.CharField(allow_null=True)
    phone = serializers.CharField(allow_null=True)
    country = serializers.CharField()
    category = serializers.ChoiceField(choices=["retail", "professional", "eligible_counterparty"])
    status = serializers.ChoiceField(choices=["active", "suspended", "closed"])
    verified = serializers.BooleanField()
    may_trade = serializers.BooleanField()
    next_steps = ProfileStepSerializer(many=True)
    registered_at = InstantField()


class ProfileChangeSerializer(StrictSerializer):
    """What a client may change; what isn't named stays."""

    full_name = OneLineField(max_length=200, required=False)
    address = OneLineField(max_length=500, required=False)
    date_of_birth = serializers.DateField(required=False, input_formats=["%Y-%m-%d"])
    phone = OneLineField(max_length=30, required=False)


class ChoiceSerializer(ShownSerializer[Any]):
    """One answer to choose."""

    code = serializers.CharField()
    text = serializers.CharField()


class QuestionSerializer(ShownSerializer[Any]):
    """One question, with the answers to choose from."""

    code = serializers.CharField()
    text = serializers.CharField()
    choices = ChoiceSerializer(many=True)


class QuestionnaireSerializer(ShownSerializer[Any]):
    """The questions in force; `name` goes back with the answers."""

    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=KINDS)
    questions = QuestionSerializer(many=True)


class AnswersSerializer(StrictSerializer):
    """A set of answers: for each question's code, a choice's."""

    questionnaire = TextField(max_length=60)
    answers = serializers.DictField(child=TextField(max_length=60), allow_empty=False)


class AppropriatenessTestSerializer(ShownSerializer[Any]):
    """How a set of answers came out."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=KINDS)
    questionnaire = serializers.CharField()
    points = serializers.IntegerField()
    out_of = serializers.IntegerField()
    passed = serializers.BooleanField()
    answered_at = InstantField()


class RiskWarningSerializer(ShownSerializer[Any]):
    """The entity's risk warning in force; `accepted_at` is null until exactly this version is accepted."""

    kind = serializers.CharField()
    version = serializers.CharField()
    text = serializers.CharField()
    accepted_at = InstantField(allow_null=True)


class AcceptanceSerializer(StrictSerializer):
    """Which version of the risk warning is accepted: the one that was read."""

    version = TextField(max_length=60)


class AcceptedSerializer(ShownSerializer[Any]):
    """An acceptance on record."""

    id = serializers.UUIDField()
    version = serializers.CharField()
    accepted_at = InstantField()


class DocumentSerializer(ShownSerializer[Any]):
    """A document of a case. Its content is never given out here."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=DOCUMENT_KINDS)
    media_type = serializers.CharField()
    size_bytes = serializers.IntegerField()
    uploaded_at = InstantField()


class IdentityCaseSerializer(ShownSerializer[Any]):
    """A case; `decision_reason` is there once it is decided."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=["draft", "submitted", "approved", "rejected"])
    opened_at = InstantField()
    submitted_at = InstantField(allow_null=True)
    decided_at = InstantField(allow_null=True)
    decision_reason = serializers.CharField()
    documents = DocumentSerializer(many=True)


class OpenCaseSerializer(StrictSerializer):
    """Nothing is asked for: a case begins empty."""


class UploadSerializer(StrictSerializer):
    """A document and what it is."""

    kind = serializers.ChoiceField(choices=DOCUMENT_KINDS)
    file = serializers.FileField(allow_empty_file=True, help_text="A PDF, PNG or JPEG of at most 10 MB.")
