"""Proving who a client is: a case, and the documents in it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from crm.models.clients import Client
from fintech.cells.identifiers import uuid7
from fintech.privacy.declarations import Columns

KINDS = [
    ("passport", "passport"),
    ("identity_card", "identity card"),
    ("driving_licence", "driving licence"),
    ("proof_of_address", "proof of address"),
]


class IdentityCase(models.Model):
    """A client's case: drafted by the client, handed in, then approved or rejected by compliance.

    `sql/identity_cases_v1.sql` refuses every other way through these states.
    """

    columns = Columns(
        plain=(
            "id",
            "client_id",
            "state",
            "opened_at",
            "submitted_at",
            "decided_at",
            "decided_by",
            "decision_reason",
        ),
    )

    class State(models.TextChoices):
        """Where the case stands."""

        DRAFT = "draft", "draft"
        SUBMITTED = "submitted", "submitted"
        APPROVED = "approved", "approved"
        REJECTED = "rejected", "rejected"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="identity_cases")
    state = models.TextField(choices=State, default=State.DRAFT)
    opened_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.UUIDField("decided by (user)", null=True)
    decision_reason = models.TextField("reason", default="")

    class Meta:
        db_table = "crm_identity_case"
        default_permissions = ("view",)
        permissions = [
            ("decide_identity_case", "Can approve and reject identity cases"),
            ("read_document", "Can open clients' documents"),
        ]
        constraints = [
            # One case at a time: two open ones could be decided differently.
            models.UniqueConstraint(
                name="crm_identity_case_one_open", fields=["client"], condition=Q(state__in=["draft", "submitted"])
            ),
            models.CheckConstraint(
                name="crm_identity_case_state_is_known",
                condition=Q(state__in=["draft", "submitted", "approved", "rejected"]),
            ),
            # How long a client has waited is counted from here.
            models.CheckConstraint(
                name="crm_identity_case_submitted_has_its_moment",
                condition=Q(state="draft", submitted_at__isnull=True)
                | (~Q(state="draft") & Q(submitted_at__isnull=False)),
            ),
            # A decision has a person, a moment and a reason: each is asked for by the regulator.
            models.CheckConstraint(
                name="crm_identity_case_decision_is_complete",
                condition=(
                    Q(state__in=["approved", "rejected"], decided_at__isnull=False, decided_by__isnull=False)
                    & ~Q(decision_reason="")
                )
                | Q(state__in=["draft", "submitted"], decided_at__isnull=True, decided_by__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class IdentityDocument(models.Model):
    """A document in a case. Its content is in the document store, sealed; nothing of it, nor its name, is here."""

    columns = Columns(
        plain=("id", "case_id", "kind", "media_type", "size_bytes", "sealed_sha256", "stored_as", "uploaded_at"),
    )

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey(IdentityCase, on_delete=models.PROTECT, related_name="documents")
    kind = models.TextField(choices=KINDS)
    media_type = models.TextField(help_text="By content, never by name.")
    size_bytes = models.PositiveIntegerField(help_text="Of the document itself, before sealing.")
    sealed_sha256 = models.CharField(max_length=64, help_text="The hash of what is stored, in hexadecimal.")
    stored_as = models.TextField(help_text="Its name in the document store.")
    uploaded_at = models.DateTimeField()

    class Meta:
        db_table = "crm_identity_document"
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="crm_identity_document_kind_is_known", condition=Q(kind__in=[kind for kind, _ in KINDS])
            ),
            # What a browser would run (HTML, SVG) never gets here.
            models.CheckConstraint(
                name="crm_identity_document_type_is_harmless",
                condition=Q(media_type__in=["application/pdf", "image/png", "image/jpeg"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
