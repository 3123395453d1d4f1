"""What a client has answered and accepted before trading."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from crm.models.clients import Client
from fintech.cells.identifiers import uuid7
from fintech.privacy.declarations import Columns
from fintech.privacy.fields import SealedField


class AppropriatenessTest(models.Model):
    """One set of answers, as it was given and judged. The answers say much about a person, so they are sealed."""

    columns = Columns(
        plain=("id", "client_id", "kind", "questionnaire", "points", "out_of", "passed", "answered_at"),
        sealed=("answers_sealed",),
    )

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="appropriateness_tests")
    kind = models.TextField(choices=[("test", "test"), ("target-market", "target market")])
    questionnaire = models.TextField(help_text="The questionnaire's name, which says its version.")
    answers_sealed = SealedField(retention="identity")
    points = models.PositiveSmallIntegerField()
    out_of = models.PositiveSmallIntegerField()
    passed = models.BooleanField()
    answered_at = models.DateTimeField()

    class Meta:
        db_table = "crm_appropriateness_test"
        default_permissions = ("view",)
        constraints = [
            # More points than there are would be a judgement by another questionnaire than the one named.
            models.CheckConstraint(name="crm_appropriateness_test_points_fit", condition=Q(points__lte=F("out_of"))),
        ]

    def __str__(self) -> str:
        return f"{self.questionnaire}: {self.points} of {self.out_of}"


class RiskWarningAcceptance(models.Model):
    """A client's acceptance of the risk warning in exactly this version; `text_sha256` is the hash of its words."""

    columns = Columns(plain=("id", "client_id", "entity", "version", "text_sha256", "accepted_at"))

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="risk_warning_acceptances")
    entity = models.TextField()
    version = models.TextField()
    text_sha256 = models.CharField(max_length=64)
    accepted_at = models.DateTimeField()

    class Meta:
        db_table = "crm_risk_warning_acceptance"
        default_permissions = ("view",)
        constraints = [
            # The first acceptance counts: its moment is evidence, and a second one would blur it.
            models.UniqueConstraint(name="crm_risk_warning_accepted_once", fields=["client", "entity", "version"]),
        ]

    def __str__(self) -> str:
        return f"{self.entity} {self.version}"
