"""The concern's tables, what the database itself refuses, and the capture of every change."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

import fintech.cells.identifiers
import fintech.privacy.fields
from fintech.factlog.operations import Capture

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("factlog", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="User",
            fields=[
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        default=fintech.cells.identifiers.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("email", models.EmailField(max_length=254, unique=True, verbose_name="e-mail address")),
                ("is_active", models.BooleanField(default=True)),
                ("is_staff", models.BooleanField(default=False)),
                ("joined_at", models.DateTimeField(auto_now_add=True)),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",  # noqa: E501
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "db_table": "crm_user",
                "permissions": [("retry_parked_fact", "Can have parked facts tried again")],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Client",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=fintech.cells.identifiers.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "entity",
                    models.TextField(help_text="The regulatory entity's code, as the jurisdiction's file has it."),
                ),
                ("country", models.CharField(max_length=2, verbose_name="country of residence")),
                ("full_name_sealed", fintech.privacy.fields.SealedField(retention="identity")),
                ("address_sealed", fintech.privacy.fields.SealedField(retention="identity")),
                ("date_of_birth_sealed", fintech.privacy.fields.SealedField(retention="identity")),
                ("phone_sealed", fintech.privacy.fields.SealedField(null=True, retention="identity")),
                (
                    "category",
                    models.TextField(
                        choices=[
                            ("retail", "retail"),
                            ("professional", "professional"),
                            ("eligible_counterparty", "eligible counterparty"),
                        ],
                        default="retail",
                    ),
                ),
                (
                    "status",
                    models.TextField(
                        choices=[("active", "active"), ("suspended", "suspended"), ("closed", "closed")],
                        default="active",
                    ),
                ),
                ("risk", models.TextField(choices=[("low", "low"), ("medium", "medium"), ("high", "high")])),
                ("may_trade", models.BooleanField(default=False)),
                ("standing_since", models.DateTimeField()),
                ("email_confirmed_at", models.DateTimeField(null=True)),
                ("verified_at", models.DateTimeField(null=True, verbose_name="identity verified at")),
                ("registered_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True, verbose_name="relationship ended at")),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="client", to="crm.user"
                    ),
                ),
            ],
            options={
                "db_table": "crm_client",
                "permissions": [
                    ("read_client", "Can read a client's personal data"),
                    ("change_standing", "Can change a client's category, risk rating and status"),
                ],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="AppropriatenessTest",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=fintech.cells.identifiers.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("kind", models.TextField(choices=[("test", "test"), ("target-market", "target market")])),
                (
                    "questionnaire",
                    models.TextField(help_text="The questionnaire's name, which says its version."),
                ),
                ("answers_sealed", fintech.privacy.fields.SealedField(retention="identity")),
                ("points", models.PositiveSmallIntegerField()),
                ("out_of", models.PositiveSmallIntegerField()),
                ("passed", models.BooleanField()),
                ("answered_at", models.DateTimeField()),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appropriateness_tests",
                        to="crm.client",
                    ),
                ),
            ],
            options={
                "db_table": "crm_appropriateness_test",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="IdentityCase",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=fintech.cells.identifiers.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("draft", "draft"),
                            ("submitted", "submitted"),
                            ("approved", "approved"),
                            ("rejected", "rejected"),
                        ],
                        default="draft",
                    ),
                ),
                ("opened_at", models.DateTimeField()),
                ("submitted_at", models.DateTimeField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("decided_by", models.UUIDField(null=True, verbose_name="decided by (user)")),
                ("decision_reason", models.TextField(default="", verbose_name="reason")),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="identity_cases",
                        to="crm.client",
                    ),
                ),
            ],
            options={
                "db_table": "crm_identity_case",
                "permissions": [
                    ("decide_identity_case", "Can approve and reject identity cases"),
                    ("read_document", "Can open clients' documents"),
                ],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="IdentityDocument",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=fintech.cells.identifiers.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "kind",
                    models.TextField(
                        choices=[
                            ("passport", "passport"),
                            ("identity_card", "identity card"),
                            ("driving_licence", "driving licence"),
                            ("proof_of_address", "proof of address"),
                        ]
                    ),
                ),
                ("media_type", models.TextField(help_text="By content, never by name.")),
                (
                    "size_bytes",
                    models.PositiveIntegerField(help_text="Of the document itself, before sealing."),
                ),
                (
                    "sealed_sha256",
                    models.CharField(help_text="The hash of what is stored, in hexadecimal.", max_length=64),
                ),
                ("stored_as", models.TextField(help_text="Its name in the document store.")),
                ("uploaded_at", models.DateTimeField()),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="documents",
                        to="crm.identitycase",
                    ),
                ),
            ],
            options={
                "db_table": "crm_identity_document",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="IntroducingBroker",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=fintech.cells.identifiers.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "code",
                    models.CharField(help_text="What clients type when they register.", max_length=20, unique=True),
                ),
                ("name_sealed", fintech.privacy.fields.SealedField(retention="identity")),
                ("registered_at", models.DateTimeField()),
                (
                    "user",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="introducing_broker",
                        to="crm.user",
                    ),
                ),
            ],
            options={
                "db_table": "crm_introducing_broker",
                "permissions": [("manage_introducing_brokers", "Can register introducing brokers and introductions")],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="BrokerMembership",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=fintech.cells.identifiers.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("valid_from", models.DateTimeField()),
                ("valid_to", models.DateTimeField(null=True)),
                (
                    "broker",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="memberships",
                        to="crm.introducingbroker",
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="crm.introducingbroker",
                    ),
                ),
            ],
            options={
                "db_table": "crm_broker_membership",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Introduction",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=fintech.cells.identifiers.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("valid_from", models.DateTimeField()),
                ("valid_to", models.DateTimeField(null=True)),
                (
                    "broker",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="introductions",
                        to="crm.introducingbroker",
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="introductions",
                        to="crm.client",
                    ),
                ),
            ],
            options={
                "db_table": "crm_introduction",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="OutgoingMail",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=fintech.cells.identifiers.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "person_id",
                    models.UUIDField(help_text="The client's id, or the user's of a staff member."),
                ),
                (
                    "template",
                    models.TextField(help_text="What the mail is about, such as account/email/email_confirmation."),
                ),
                ("recipient_sealed", fintech.privacy.fields.SealedField(null=True, retention="identity")),
                ("subject_sealed", fintech.privacy.fields.SealedField(null=True, retention="identity")),
                ("text_sealed", fintech.privacy.fields.SealedField(null=True, retention="identity")),
                ("html_sealed", fintech.privacy.fields.SealedField(null=True, retention="identity")),
                ("queued_at", models.DateTimeField()),
                ("due_at", models.DateTimeField(help_text="Not to be tried before.")),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("sent_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "crm_outgoing_mail",
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("sent_at__isnull", True)),
                        fields=["due_at"],
                        name="crm_outgoing_mail_due",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("recipient_sealed__isnull", False),
                                ("sent_at__isnull", True),
                                ("subject_sealed__isnull", False),
                                ("text_sealed__isnull", False),
                            ),
                            models.Q(
                                ("html_sealed__isnull", True),
                                ("recipient_sealed__isnull", True),
                                ("sent_at__isnull", False),
                                ("subject_sealed__isnull", True),
                                ("text_sealed__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="crm_outgoing_mail_is_whole_or_empty",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RiskWarningAcceptance",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=fintech.cells.identifiers.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("entity", models.TextField()),
                ("version", models.TextField()),
                ("text_sha256", models.CharField(max_length=64)),
                ("accepted_at", models.DateTimeField()),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="risk_warning_acceptances",
                        to="crm.client",
                    ),
                ),
            ],
            options={
                "db_table": "crm_risk_warning_acceptance",
                "default_permissions": ("view",),
            },
        ),
        migrations.AddConstraint(
            model_name="client",
            constraint=models.CheckConstraint(
                condition=models.Q(("category__in", ["retail", "professional", "eligible_counterparty"])),
                name="crm_client_category_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="client",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["active", "suspended", "closed"])),
                name="crm_client_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="client",
            constraint=models.CheckConstraint(
                condition=models.Q(("risk__in", ["low", "medium", "high"])), name="crm_client_risk_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="client",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", False), ("status", "closed")),
                    models.Q(models.Q(("status", "closed"), _negated=True), ("ended_at__isnull", True)),
                    _connector="OR",
                ),
                name="crm_client_closed_has_its_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="appropriatenesstest",
            constraint=models.CheckConstraint(
                condition=models.Q(("points__lte", models.F("out_of"))),
                name="crm_appropriateness_test_points_fit",
            ),
        ),
        migrations.AddConstraint(
            model_name="identitycase",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["draft", "submitted"])),
                fields=("client",),
                name="crm_identity_case_one_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="identitycase",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["draft", "submitted", "approved", "rejected"])),
                name="crm_identity_case_state_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="identitycase",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "draft"), ("submitted_at__isnull", True)),
                    models.Q(models.Q(("state", "draft"), _negated=True), ("submitted_at__isnull", False)),
                    _connector="OR",
                ),
                name="crm_identity_case_submitted_has_its_moment",
            ),
        ),
        migrations.AddConstraint(
            model_name="identitycase",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("decided_at__isnull", False),
                        ("decided_by__isnull", False),
                        ("state__in", ["approved", "rejected"]),
                        models.Q(("decision_reason", ""), _negated=True),
                    ),
                    models.Q(
                        ("decided_at__isnull", True),
                        ("decided_by__isnull", True),
                        ("state__in", ["draft", "submitted"]),
                    ),
                    _connector="OR",
                ),
                name="crm_identity_case_decision_is_complete",
            ),
        ),
        migrations.AddConstraint(
            model_name="identitydocument",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["passport", "identity_card", "driving_licence", "proof_of_address"])),
                name="crm_identity_document_kind_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="identitydocument",
            constraint=models.CheckConstraint(
                condition=models.Q(("media_type__in", ["application/pdf", "image/png", "image/jpeg"])),
                name="crm_identity_document_type_is_harmless",
            ),
        ),
        migrations.AddConstraint(
            model_name="introducingbroker",
            constraint=models.CheckConstraint(
                condition=models.Q(("code__regex", "^[A-Z0-9][A-Z0-9-]{1,18}[A-Z0-9]$")),
                name="crm_introducing_broker_code_is_canonical",
            ),
        ),
        migrations.AddConstraint(
            model_name="brokermembership",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_to__isnull", True), ("valid_to__gt", models.F("valid_from")), _connector="OR"
                ),
                name="crm_broker_membership_lasts",
            ),
        ),
        migrations.AddConstraint(
            model_name="introduction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_to__isnull", True), ("valid_to__gt", models.F("valid_from")), _connector="OR"
                ),
                name="crm_introduction_lasts",
            ),
        ),
        migrations.AddConstraint(
            model_name="riskwarningacceptance",
            constraint=models.UniqueConstraint(
                fields=("client", "entity", "version"), name="crm_risk_warning_accepted_once"
            ),
        ),
        Capture("crm_user_groups", columns=("id", "user_id", "group_id")),
        Capture("crm_user_user_permissions", columns=("id", "user_id", "permission_id")),
        Capture("crm_user", columns=("id", "is_active", "is_staff", "is_superuser", "joined_at")),
        Capture(
            "crm_client",
            columns=(
                "id",
                "user_id",
                "entity",
                "country",
                "category",
                "status",
                "risk",
                "may_trade",
                "standing_since",
                "email_confirmed_at",
                "verified_at",
                "registered_at",
                "ended_at",
                "full_name_sealed",
                "address_sealed",
                "date_of_birth_sealed",
                "phone_sealed",
            ),
        ),
        Capture(
            "crm_appropriateness_test",
            columns=(
                "id",
                "client_id",
                "kind",
                "questionnaire",
                "points",
                "out_of",
                "passed",
                "answered_at",
                "answers_sealed",
            ),
        ),
        Capture(
            "crm_risk_warning_acceptance",
            columns=("id", "client_id", "entity", "version", "text_sha256", "accepted_at"),
        ),
        Capture(
            "crm_identity_case",
            columns=(
                "id",
                "client_id",
                "state",
                "opened_at",
                "submitted_at",
                "decided_at",
                "decided_by",
                "decision_reason",
            ),
        ),
        Capture(
            "crm_identity_document",
            columns=(
                "id",
                "case_id",
                "kind",
                "media_type",
                "size_bytes",
                "sealed_sha256",
                "stored_as",
                "uploaded_at",
            ),
        ),
        Capture("crm_introducing_broker", columns=("id", "code", "user_id", "registered_at", "name_sealed")),
        Capture("crm_broker_membership", columns=("id", "broker_id", "parent_id", "valid_from", "valid_to")),
        Capture("crm_introduction", columns=("id", "client_id", "broker_id", "valid_from", "valid_to")),
        migrations.RunSQL((SQL / "clients_v1.sql").read_text(), elidable=False),
        migrations.RunSQL((SQL / "identity_cases_v1.sql").read_text(), elidable=False),
        migrations.RunSQL((SQL / "hierarchy_v1.sql").read_text(), elidable=False),
    ]
