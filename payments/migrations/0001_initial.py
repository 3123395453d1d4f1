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

    dependencies = [("factlog", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="PaymentSource",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=fintech.cells.identifiers.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("client_id", models.UUIDField(db_index=True)),
                ("psp", models.CharField(max_length=40)),
                ("kind", models.CharField(choices=[("card", "card"), ("bank", "bank account")], max_length=10)),
                ("token", models.CharField(max_length=80)),
                ("display_sealed", fintech.privacy.fields.SealedField(retention="payments")),
                ("accepts_returns", models.BooleanField(default=True)),
                ("first_seen_at", models.DateTimeField()),
                ("verified_at", models.DateTimeField(null=True)),
                ("verified_by", models.UUIDField(null=True, verbose_name="verified by (user)")),
            ],
            options={
                "verbose_name": "card or bank account",
                "verbose_name_plural": "cards and bank accounts",
                "db_table": "payments_source",
                "permissions": [("verify_source", "Can verify clients' bank accounts, and close sources")],
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(fields=("client_id", "psp", "token"), name="payments_source_once"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["card", "bank"])), name="payments_source_kind"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("verified_at__isnull", True), ("verified_by__isnull", True)),
                            models.Q(("kind", "bank"), ("verified_at__isnull", False), ("verified_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="payments_source_verified",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PspEvent",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=fintech.cells.identifiers.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("psp", models.CharField(max_length=40)),
                ("event_id", models.CharField(max_length=200)),
                ("type", models.CharField(max_length=80)),
                ("occurred_at", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                ("body_sealed", fintech.privacy.fields.SealedField(retention="payments")),
                ("body_sha256", models.BinaryField()),
                ("reference", models.CharField(max_length=80, null=True)),
                ("psp_reference", models.CharField(max_length=80, null=True)),
                ("amount_minor", models.BigIntegerField(null=True)),
                ("currency", models.CharField(max_length=3, null=True)),
                ("failure_code", models.CharField(max_length=80, null=True)),
                ("chargeback_minor", models.BigIntegerField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("stored", "stored"),
                            ("waiting", "waiting"),
                            ("review", "review"),
                            ("applied", "applied"),
                            ("ignored", "ignored"),
                            ("dismissed", "dismissed"),
                        ],
                        default="stored",
                        max_length=20,
                    ),
                ),
                ("state_since", models.DateTimeField()),
                ("why", models.CharField(default="", max_length=80)),
                ("attempts", models.PositiveIntegerField(default=0)),
            ],
            options={
                "verbose_name": "PSP event",
                "db_table": "payments_psp_event",
                "permissions": [("review_event", "Can decide on messages of PSPs that couldn't be applied")],
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["stored", "waiting", "review"])),
                        fields=["state", "received_at"],
                        name="payments_psp_event_open",
                    ),
                    models.Index(fields=["reference"], name="payments_psp_event_about"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("psp", "event_id"), name="payments_psp_event_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["applied", "dismissed", "ignored", "review", "stored", "waiting"])
                        ),
                        name="payments_psp_event_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state", "stored"), models.Q(("why", ""), _negated=True), _connector="OR"),
                        name="payments_psp_event_says_why",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Wallet",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=fintech.cells.identifiers.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("client_id", models.UUIDField()),
                ("entity", models.CharField(max_length=40)),
                ("currency", models.CharField(max_length=3)),
                ("account_number", models.BigIntegerField(unique=True)),
                ("opened_at", models.DateTimeField()),
            ],
            options={
                "db_table": "payments_wallet",
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(fields=("client_id", "currency"), name="payments_wallet_one_per_currency"),
                    models.CheckConstraint(
                        condition=models.Q(("account_number__gt", 0)), name="payments_wallet_account"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")), name="payments_wallet_currency"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Withdrawal",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=fintech.cells.identifiers.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("client_id", models.UUIDField(db_index=True)),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("requested", "requested"),
                            ("approved", "approved"),
                            ("sending", "sending"),
                            ("unknown", "unknown"),
                            ("sent", "sent"),
                            ("paid", "paid"),
                            ("returned", "returned"),
                            ("partly_returned", "partly returned"),
                            ("rejected", "rejected"),
                            ("cancelled", "cancelled"),
                        ],
                        default="requested",
                        max_length=20,
                    ),
                ),
                ("state_since", models.DateTimeField()),
                ("hold_id", models.BigIntegerField(unique=True)),
                ("plan_number", models.PositiveSmallIntegerField(default=1)),
                ("plan_digest", models.CharField(max_length=64)),
                ("approvals_needed", models.PositiveSmallIntegerField()),
                ("approvals_rule", models.CharField(max_length=80)),
                ("requested_by", models.CharField(max_length=80)),
                ("maker_id", models.UUIDField(null=True, verbose_name="maker (user)")),
                ("planner_id", models.UUIDField(null=True, verbose_name="planner (user)")),
                ("requested_at", models.DateTimeField()),
                ("decision_reason", models.TextField(default="")),
                (
                    "wallet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="withdrawals", to="payments.wallet"
                    ),
                ),
            ],
            options={
                "db_table": "payments_withdrawal",
                "permissions": [
                    ("approve_withdrawal", "Can approve and reject withdrawals"),
                    ("request_withdrawal", "Can request withdrawals on clients' behalf, and plan them anew"),
                ],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Payout",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=fintech.cells.identifiers.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("plan_number", models.PositiveSmallIntegerField()),
                ("number", models.PositiveSmallIntegerField()),
                ("psp", models.CharField(max_length=40)),
                ("reference", models.CharField(max_length=80, unique=True)),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "planned"),
                            ("sending", "sending"),
                            ("unknown", "unknown"),
                            ("sent", "sent"),
                            ("paid", "paid"),
                            ("returned", "returned"),
                            ("dropped", "dropped"),
                        ],
                        default="planned",
                        max_length=20,
                    ),
                ),
                ("state_since", models.DateTimeField()),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("asked_at", models.DateTimeField(null=True, verbose_name="PSP asked about it at")),
                ("psp_reference", models.CharField(max_length=80, null=True)),
                ("failure_code", models.CharField(max_length=80, null=True)),
                ("transfer_id", models.BigIntegerField(null=True, unique=True)),
                (
                    "destination",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="payouts", to="payments.paymentsource"
                    ),
                ),
                (
                    "withdrawal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="payouts", to="payments.withdrawal"
                    ),
                ),
            ],
            options={
                "db_table": "payments_payout",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="WithdrawalApproval",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=fintech.cells.identifiers.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("staff_id", models.UUIDField(verbose_name="staff member (user)")),
                ("plan_digest", models.CharField(max_length=64)),
                ("reason", models.TextField()),
                ("approved_at", models.DateTimeField()),
                (
                    "withdrawal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="approvals", to="payments.withdrawal"
                    ),
                ),
            ],
            options={
                "db_table": "payments_withdrawal_approval",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Deposit",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=fintech.cells.identifiers.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("client_id", models.UUIDField(db_index=True)),
                ("psp", models.CharField(max_length=40)),
                (
                    "method",
                    models.CharField(choices=[("card", "card"), ("bank_transfer", "bank transfer")], max_length=20),
                ),
                ("reference", models.CharField(max_length=80, unique=True)),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("bank_only", models.BooleanField(verbose_name="bank account only")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("requested", "requested"),
                            ("pending", "pending"),
                            ("settled", "settled"),
                            ("failed", "failed"),
                            ("expired", "expired"),
                            ("charged_back", "charged back"),
                        ],
                        default="requested",
                        max_length=20,
                    ),
                ),
                ("state_since", models.DateTimeField()),
                ("requested_at", models.DateTimeField()),
                ("psp_reference", models.CharField(max_length=80, null=True)),
                ("page_url", models.TextField(null=True)),
                ("failure_code", models.CharField(max_length=80, null=True)),
                ("transfer_id", models.BigIntegerField(null=True, unique=True)),
                ("settled_at", models.DateTimeField(null=True)),
                (
                    "source",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deposits",
                        to="payments.paymentsource",
                    ),
                ),
                (
                    "wallet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="deposits", to="payments.wallet"
                    ),
                ),
            ],
            options={
                "db_table": "payments_deposit",
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["wallet", "state"], name="payments_deposit_of_wallet")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["charged_back", "expired", "failed", "pending", "requested", "settled"])
                        ),
                        name="payments_deposit_state",
                    ),
                    models.CheckConstraint(condition=models.Q(("amount_minor__gt", 0)), name="payments_deposit_amount"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("settled_at__isnull", False),
                                ("state__in", ["settled", "charged_back"]),
                                ("transfer_id__isnull", False),
                            ),
                            models.Q(
                                models.Q(("state__in", ["settled", "charged_back"]), _negated=True),
                                ("settled_at__isnull", True),
                                ("transfer_id__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="payments_deposit_settled_is_booked",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WalletTransfer",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=fintech.cells.identifiers.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("client_id", models.UUIDField(db_index=True)),
                (
                    "direction",
                    models.CharField(
                        choices=[("to_trading", "to trading"), ("to_wallet", "to the wallet")], max_length=20
                    ),
                ),
                ("cause", models.CharField(max_length=40)),
                ("trading_account_id", models.UUIDField(null=True)),
                ("source_transfer_id", models.BigIntegerField(null=True, verbose_name="trading's transfer")),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("transfer_id", models.BigIntegerField(unique=True)),
                ("recorded_at", models.DateTimeField()),
                (
                    "wallet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="transfers", to="payments.wallet"
                    ),
                ),
            ],
            options={
                "db_table": "payments_wallet_transfer",
                "default_permissions": ("view",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0)), name="payments_wallet_transfer_amount"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("direction", "to_trading"), ("trading_account_id__isnull", False)),
                            models.Q(("direction", "to_wallet"), ("source_transfer_id__isnull", False)),
                            _connector="OR",
                        ),
                        name="payments_wallet_transfer_direction",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="withdrawal",
            index=models.Index(fields=["wallet", "state"], name="payments_withdrawal_of_wallet"),
        ),
        migrations.AddConstraint(
            model_name="withdrawal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "approved",
                            "cancelled",
                            "paid",
                            "partly_returned",
                            "rejected",
                            "requested",
                            "returned",
                            "sending",
                            "sent",
                            "unknown",
                        ],
                    )
                ),
                name="payments_withdrawal_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="withdrawal",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_minor__gt", 0)), name="payments_withdrawal_amount"
            ),
        ),
        migrations.AddConstraint(
            model_name="withdrawal",
            constraint=models.CheckConstraint(
                condition=models.Q(("approvals_needed__gte", 1)), name="payments_withdrawal_approvals"
            ),
        ),
        migrations.AddIndex(
            model_name="payout",
            index=models.Index(
                condition=models.Q(("state__in", ["planned", "sending", "unknown", "sent"])),
                fields=["state_since"],
                name="payments_payout_under_way",
            ),
        ),
        migrations.AddConstraint(
            model_name="payout",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["dropped", "paid", "planned", "returned", "sending", "sent", "unknown"])
                ),
                name="payments_payout_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="payout",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_minor__gt", 0)), name="payments_payout_amount"
            ),
        ),
        migrations.AddConstraint(
            model_name="payout",
            constraint=models.UniqueConstraint(
                fields=("withdrawal", "plan_number", "number"), name="payments_payout_of_plan"
            ),
        ),
        migrations.AddConstraint(
            model_name="payout",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "paid"), ("transfer_id__isnull", False)),
                    models.Q(models.Q(("state", "paid"), _negated=True), ("transfer_id__isnull", True)),
                    _connector="OR",
                ),
                name="payments_payout_paid_is_booked",
            ),
        ),
        migrations.AddConstraint(
            model_name="withdrawalapproval",
            constraint=models.UniqueConstraint(
                fields=("withdrawal", "staff_id", "plan_digest"), name="payments_withdrawal_approval_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="withdrawalapproval",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="payments_withdrawal_approval_reason"
            ),
        ),
        Capture(
            "payments_source",
            columns=(
                "id",
                "client_id",
                "psp",
                "kind",
                "token",
                "accepts_returns",
                "first_seen_at",
                "verified_at",
                "verified_by",
                "display_sealed",
            ),
        ),
        Capture(
            "payments_wallet",
            columns=(
                "id",
                "client_id",
                "entity",
                "currency",
                "account_number",
                "opened_at",
            ),
        ),
        Capture(
            "payments_deposit",
            columns=(
                "id",
                "wallet_id",
                "client_id",
                "psp",
                "method",
                "reference",
                "amount_minor",
                "currency",
                "bank_only",
                "state",
                "state_since",
                "requested_at",
                "psp_reference",
                "failure_code",
                "source_id",
                "transfer_id",
                "settled_at",
            ),
        ),
        Capture(
            "payments_psp_event",
            columns=(
                "id",
                "psp",
                "event_id",
                "type",
                "occurred_at",
                "received_at",
                "reference",
                "psp_reference",
                "amount_minor",
                "currency",
                "failure_code",
                "chargeback_minor",
                "state",
                "state_since",
                "why",
                "attempts",
                "body_sealed",
            ),
        ),
        Capture(
            "payments_wallet_transfer",
            columns=(
                "id",
                "wallet_id",
                "client_id",
                "direction",
                "cause",
                "trading_account_id",
                "source_transfer_id",
                "amount_minor",
                "currency",
                "transfer_id",
                "recorded_at",
            ),
        ),
        Capture(
            "payments_withdrawal",
            columns=(
                "id",
                "wallet_id",
                "client_id",
                "amount_minor",
                "currency",
                "state",
                "state_since",
                "hold_id",
                "plan_number",
                "plan_digest",
                "approvals_needed",
                "approvals_rule",
                "requested_by",
                "maker_id",
                "planner_id",
                "requested_at",
                "decision_reason",
            ),
        ),
        Capture(
            "payments_withdrawal_approval",
            columns=(
                "id",
                "withdrawal_id",
                "staff_id",
                "plan_digest",
                "reason",
                "approved_at",
            ),
        ),
        Capture(
            "payments_payout",
            columns=(
                "id",
                "withdrawal_id",
                "plan_number",
                "number",
                "destination_id",
                "psp",
                "reference",
                "amount_minor",
                "currency",
                "state",
                "state_since",
                "attempts",
                "asked_at",
                "psp_reference",
                "failure_code",
                "transfer_id",
            ),
        ),
        migrations.RunSQL((SQL / "states_v1.sql").read_text(), elidable=False),
    ]
