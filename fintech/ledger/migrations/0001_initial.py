"""The ledger, from its SQL files."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

from fintech.factlog.operations import Capture

SQL = Path(__file__).parent.parent / "sql"
FILES = (
    "schema_v1",
    "answers_v1",
    "decisions_v1",
    "accounts_v1",
    "post_one_v1",
    "post_many_v1",
    "post_batch_v1",
    "holds_v1",
    "reading_v1",
    "closing_v1",
    "upkeep_v1",
    "replay_v1",
    "privileges_v1",
)
STANDING = {"managed": False}


class Migration(migrations.Migration):
    initial = True
    dependencies = [("journal", "0001_initial"), ("factlog", "0001_initial")]
    operations = [
        *(migrations.RunSQL((SQL / f"{name}.sql").read_text(), elidable=False) for name in FILES),
        migrations.CreateModel(
            name="LedgerAccount",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.SmallIntegerField(
                        choices=[
                            (0, "house"),
                            (1, "wallet"),
                            (2, "debt"),
                            (3, "trading_cash"),
                            (4, "suspense"),
                        ]
                    ),
                ),
                ("client_id", models.UUIDField()),
                ("journal_id", models.BigIntegerField()),
                ("opened_at", models.DateTimeField()),
            ],
            options={"db_table": "ledger_account", **STANDING},
        ),
        migrations.CreateModel(
            name="LedgerHold",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("account", models.BigIntegerField()),
                ("client_id", models.UUIDField()),
                ("amount", models.BigIntegerField()),
                ("code", models.SmallIntegerField()),
                ("journal_id", models.BigIntegerField()),
                ("expires_at", models.DateTimeField(null=True)),
                ("recorded_at", models.DateTimeField()),
            ],
            options={"db_table": "ledger_hold", **STANDING},
        ),
        migrations.CreateModel(
            name="LedgerHoldChange",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("number", models.IntegerField()),
                ("kind", models.SmallIntegerField(choices=[(1, "posted"), (2, "released"), (3, "expired")])),
                ("amount", models.BigIntegerField()),
                ("remaining", models.BigIntegerField()),
                ("transfer_id", models.BigIntegerField(null=True)),
                ("journal_id", models.BigIntegerField()),
                ("recorded_at", models.DateTimeField()),
                (
                    "hold",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="changes",
                        to="ledger.ledgerhold",
                    ),
                ),
            ],
            options={"db_table": "ledger_hold_change", **STANDING},
        ),
        migrations.CreateModel(
            name="LedgerPeriod",
            fields=[
                ("closed_through", models.DateField(primary_key=True, serialize=False)),
                ("journal_id", models.BigIntegerField()),
                ("closed_at", models.DateTimeField()),
            ],
            options={"db_table": "ledger_period", **STANDING},
        ),
        migrations.CreateModel(
            name="LedgerSnapshot",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "account",
                        "through_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("account", models.BigIntegerField()),
                ("through_id", models.BigIntegerField()),
                ("balance", models.BigIntegerField()),
                ("last_recorded_at", models.DateTimeField()),
                ("taken_at", models.DateTimeField()),
            ],
            options={"db_table": "ledger_snapshot", **STANDING},
        ),
        migrations.CreateModel(
            name="LedgerTransfer",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("journal_id", models.BigIntegerField()),
                ("debit", models.BigIntegerField()),
                ("credit", models.BigIntegerField()),
                ("amount", models.BigIntegerField()),
                ("client_balance", models.BigIntegerField(null=True)),
                ("client_seq", models.BigIntegerField(null=True)),
                ("corrects", models.BigIntegerField(null=True)),
                ("reference", models.UUIDField(null=True)),
                ("recorded_at", models.DateTimeField()),
                ("client_account", models.BigIntegerField(null=True)),
                ("client_id", models.UUIDField()),
                ("value_date", models.DateField()),
                ("code", models.SmallIntegerField()),
                ("leg", models.SmallIntegerField()),
            ],
            options={"db_table": "ledger_transfer", **STANDING},
        ),
        migrations.CreateModel(
            name="LedgerBalance",
            fields=[
                (
                    "account",
                    models.OneToOneField(
                        db_column="account",
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="balance",
                        serialize=False,
                        to="ledger.ledgeraccount",
                    ),
                ),
                ("client_id", models.UUIDField()),
                ("floored", models.BooleanField()),
                ("balance", models.BigIntegerField()),
                ("held", models.BigIntegerField()),
                ("seq", models.BigIntegerField()),
                ("last_recorded_at", models.DateTimeField()),
            ],
            options={"db_table": "ledger_balance", **STANDING},
        ),
        Capture("ledger_account", columns=("number", "kind", "client_id", "journal_id", "opened_at")),
        Capture(
            "ledger_hold",
            columns=(
                "id",
                "account",
                "client_id",
                "amount",
                "code",
                "journal_id",
                "expires_at",
                "recorded_at",
            ),
        ),
        Capture(
            "ledger_hold_change",
            columns=(
                "id",
                "hold_id",
                "number",
                "kind",
                "amount",
                "remaining",
                "transfer_id",
                "journal_id",
                "recorded_at",
            ),
        ),
        Capture("ledger_period", columns=("closed_through", "journal_id", "closed_at")),
    ]
