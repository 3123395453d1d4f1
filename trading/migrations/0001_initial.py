"""The concern's tables."""

from pathlib import Path

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import fintech.cells.identifiers
from fintech.factlog.operations import Capture

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    initial = True

    # The capturing function stands in the fact log's own migration.
    dependencies = [("factlog", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="ClientStanding",
            fields=[
                ("client_id", models.UUIDField(primary_key=True, serialize=False)),
                ("entity", models.CharField(max_length=40)),
                ("category", models.CharField(max_length=30)),
                ("status", models.CharField(max_length=20)),
                ("verified", models.BooleanField()),
                ("risk", models.CharField(max_length=10)),
                ("may_trade", models.BooleanField()),
                ("since", models.DateTimeField()),
                ("fact_id", models.BigIntegerField()),
            ],
            options={
                "verbose_name": "client standing",
                "verbose_name_plural": "client standings",
                "db_table": "trading_client_standing",
            },
        ),
        migrations.CreateModel(
            name="Leadership",
            fields=[
                ("role", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("epoch", models.BigIntegerField()),
            ],
            options={
                "verbose_name_plural": "leaderships",
                "db_table": "trading_leadership",
            },
        ),
        migrations.CreateModel(
            name="SourceClock",
            fields=[
                ("source", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "source clock",
                "db_table": "trading_source_clock",
            },
        ),
        migrations.CreateModel(
            name="CommissionPayout",
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
                ("ib_id", models.UUIDField(db_index=True)),
                ("entity", models.CharField(max_length=40)),
                ("currency", models.CharField(max_length=3)),
                ("amount_minor", models.BigIntegerField()),
                ("accruals", models.PositiveIntegerField()),
                ("transfer_id", models.BigIntegerField(unique=True)),
                ("paid_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "commission payout",
                "db_table": "trading_commission_payout",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0)), name="trading_commission_payout_amount"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CommissionScheme",
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
                ("name", models.CharField(max_length=80)),
                ("currency", models.CharField(max_length=3)),
                (
                    "per_lot",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.DecimalField(decimal_places=20, max_digits=32), size=None
                    ),
                ),
                ("effective_from", models.DateTimeField(unique=True)),
            ],
            options={
                "verbose_name": "commission scheme",
                "db_table": "trading_commission_scheme",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                        name="trading_commission_scheme_currency",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Instrument",
            fields=[
                ("symbol", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=80)),
                ("base", models.CharField(max_length=40)),
                ("quote", models.CharField(max_length=3)),
                ("contract_size", models.DecimalField(decimal_places=8, max_digits=20)),
                ("digits", models.PositiveSmallIntegerField()),
                (
                    "instrument_class",
                    models.CharField(
                        choices=[
                            ("currency-pair", "currency pair"),
                            ("commodity", "commodity"),
                            ("index", "index"),
                            ("share", "share"),
                            ("government-bond", "government bond"),
                            ("crypto-asset", "crypto asset"),
                            ("other", "other"),
                        ],
                        max_length=20,
                    ),
                ),
                ("triple_swap_weekday", models.PositiveSmallIntegerField()),
                ("minimum_volume", models.DecimalField(decimal_places=8, max_digits=20)),
                ("maximum_volume", models.DecimalField(decimal_places=8, max_digits=20)),
                ("volume_step", models.DecimalField(decimal_places=8, max_digits=20)),
                ("maximum_quote_age_seconds", models.PositiveSmallIntegerField()),
                ("commission_per_lot", models.DecimalField(decimal_places=20, max_digits=32)),
                ("commission_currency", models.CharField(max_length=3)),
                ("is_tradable", models.BooleanField(default=True)),
            ],
            options={
                "db_table": "trading_instrument",
                "ordering": ["symbol"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("contract_size__gt", 0)), name="trading_instrument_size"
                    ),
                    models.CheckConstraint(condition=models.Q(("digits__lte", 12)), name="trading_instrument_digits"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("volume_step__gt", 0),
                            ("minimum_volume__gte", models.F("volume_step")),
                            ("maximum_volume__gte", models.F("minimum_volume")),
                        ),
                        name="trading_instrument_volumes",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("triple_swap_weekday__lte", 4)),
                        name="trading_instrument_triple_swap",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("maximum_quote_age_seconds__gte", 1)),
                        name="trading_instrument_age",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("commission_per_lot__gte", 0)),
                        name="trading_instrument_commission",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("quote__regex", "^[A-Z]{3}$"), ("commission_currency__regex", "^[A-Z]{3}$")
                        ),
                        name="trading_instrument_currencies",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Introduction",
            fields=[
                ("fact_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("client_id", models.UUIDField()),
                (
                    "chain",
                    django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), size=None),
                ),
                ("effective_from", models.DateTimeField()),
            ],
            options={
                "db_table": "trading_introduction",
                "indexes": [
                    models.Index(fields=["client_id", "-effective_from"], name="trading_introduction_in_effect")
                ],
            },
        ),
        migrations.CreateModel(
            name="TradingAccount",
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
                ("client_id", models.UUIDField(db_index=True)),
                ("entity", models.CharField(max_length=40)),
                ("account_number", models.BigIntegerField(unique=True)),
                ("currency", models.CharField(max_length=3)),
                (
                    "kind",
                    models.CharField(choices=[("netting", "Netting"), ("hedging", "Hedging")], max_length=10),
                ),
                ("leverage", models.PositiveSmallIntegerField()),
                (
                    "status",
                    models.CharField(choices=[("open", "Open"), ("closed", "Closed")], default="open", max_length=10),
                ),
                ("opened_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("margin_called_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "trading account",
                "db_table": "trading_account",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("leverage__gte", 1)), name="trading_account_leverage"),
                    models.CheckConstraint(
                        condition=models.Q(("account_number__gt", 0)), name="trading_account_number"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")), name="trading_account_currency"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["netting", "hedging"])), name="trading_account_kind"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at", None), ("status", "open")),
                            models.Q(("closed_at__isnull", False), ("status", "closed")),
                            _connector="OR",
                        ),
                        name="trading_account_closed",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Position",
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
                ("side", models.CharField(choices=[("buy", "buy"), ("sell", "sell")], max_length=4)),
                ("volume", models.DecimalField(decimal_places=8, max_digits=20)),
                ("open_price", models.DecimalField(decimal_places=20, max_digits=32)),
                ("opened_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("original_volume", models.DecimalField(decimal_places=8, max_digits=20)),
                ("original_margin_minor", models.BigIntegerField()),
                ("margin_minor", models.BigIntegerField()),
                ("realised_minor", models.BigIntegerField(default=0)),
                (
                    "instrument",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="trading.instrument"
                    ),
                ),
                (
                    "trading_account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="positions",
                        to="trading.tradingaccount",
                    ),
                ),
            ],
            options={
                "db_table": "trading_position",
            },
        ),
        migrations.CreateModel(
            name="Order",
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
                ("side", models.CharField(choices=[("buy", "buy"), ("sell", "sell")], max_length=4)),
                ("volume", models.DecimalField(decimal_places=8, max_digits=20)),
                (
                    "purpose",
                    models.CharField(choices=[("client", "Client"), ("close-out", "Close Out")], max_length=10),
                ),
                ("placed_by", models.CharField(max_length=80)),
                ("placed_at", models.DateTimeField()),
                (
                    "instrument",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="trading.instrument"
                    ),
                ),
                (
                    "trading_account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="trading.tradingaccount",
                    ),
                ),
            ],
            options={
                "db_table": "trading_order",
            },
        ),
        migrations.CreateModel(
            name="Fill",
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
                ("side", models.CharField(choices=[("buy", "buy"), ("sell", "sell")], max_length=4)),
                ("volume", models.DecimalField(decimal_places=8, max_digits=20)),
                ("price", models.DecimalField(decimal_places=20, max_digits=32)),
                ("outcome", models.CharField(max_length=10)),
                ("closed_volume", models.DecimalField(decimal_places=8, max_digits=20)),
                ("opened_volume", models.DecimalField(decimal_places=8, max_digits=20)),
                ("quote_bid", models.DecimalField(decimal_places=20, max_digits=32)),
                ("quote_ask", models.DecimalField(decimal_places=20, max_digits=32)),
                ("quote_at", models.DateTimeField()),
                ("quote_source", models.CharField(max_length=40)),
                ("conversions", models.JSONField()),
                ("currency", models.CharField(max_length=3)),
                ("margin_share", models.CharField(max_length=20)),
                ("rule", models.CharField(max_length=80)),
                ("realised_minor", models.BigIntegerField()),
                ("commission_minor", models.BigIntegerField()),
                ("margin_minor", models.BigIntegerField()),
                ("required_minor", models.BigIntegerField()),
                ("equity_minor", models.BigIntegerField(null=True)),
                ("filled_at", models.DateTimeField()),
                (
                    "instrument",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="trading.instrument"
                    ),
                ),
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="fill", to="trading.order"
                    ),
                ),
                (
                    "position",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="fills",
                        to="trading.position",
                    ),
                ),
                (
                    "trading_account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="fills",
                        to="trading.tradingaccount",
                    ),
                ),
            ],
            options={
                "db_table": "trading_fill",
            },
        ),
        migrations.CreateModel(
            name="CommissionAccrual",
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
                ("ib_id", models.UUIDField()),
                ("level", models.PositiveSmallIntegerField()),
                ("client_id", models.UUIDField()),
                ("entity", models.CharField(max_length=40)),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("filled_at", models.DateTimeField()),
                (
                    "payout",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="paid",
                        to="trading.commissionpayout",
                    ),
                ),
                (
                    "scheme",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="accruals",
                        to="trading.commissionscheme",
                    ),
                ),
                (
                    "fill",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="accruals",
                        to="trading.fill",
                    ),
                ),
            ],
            options={
                "verbose_name": "commission accrual",
                "db_table": "trading_commission_accrual",
                "indexes": [
                    models.Index(
                        condition=models.Q(("payout", None)),
                        fields=["ib_id", "currency", "entity", "id"],
                        name="trading_commission_unpaid",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("fill", "level"), name="trading_commission_accrual_once"),
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0), ("level__gte", 1)),
                        name="trading_commission_accrual_amount",
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="position",
            constraint=models.CheckConstraint(
                condition=models.Q(("side__in", ["buy", "sell"])), name="trading_position_side"
            ),
        ),
        migrations.AddConstraint(
            model_name="position",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at", None), ("volume__gt", 0)),
                    models.Q(("closed_at__isnull", False), ("margin_minor", 0), ("volume", 0)),
                    _connector="OR",
                ),
                name="trading_position_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="position",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("volume__lte", models.F("original_volume")),
                    ("margin_minor__gte", 0),
                    ("margin_minor__lte", models.F("original_margin_minor")),
                ),
                name="trading_position_original",
            ),
        ),
        migrations.AddConstraint(
            model_name="position",
            constraint=models.CheckConstraint(condition=models.Q(("open_price__gt", 0)), name="trading_position_price"),
        ),
        migrations.AddConstraint(
            model_name="position",
            constraint=models.UniqueConstraint(
                condition=models.Q(("closed_at", None)),
                fields=("trading_account", "instrument"),
                name="trading_position_netting",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("side__in", ["buy", "sell"])), name="trading_order_side"
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(condition=models.Q(("volume__gt", 0)), name="trading_order_volume"),
        ),
        migrations.AddConstraint(
            model_name="fill",
            constraint=models.CheckConstraint(
                condition=models.Q(("side__in", ["buy", "sell"])), name="trading_fill_side"
            ),
        ),
        migrations.AddConstraint(
            model_name="fill",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("volume__gt", 0),
                    ("closed_volume__gte", 0),
                    ("opened_volume__gte", 0),
                    (
                        "volume",
                        django.db.models.expressions.CombinedExpression(
                            models.F("closed_volume"), "+", models.F("opened_volume")
                        ),
                    ),
                ),
                name="trading_fill_volume",
            ),
        ),
        migrations.AddConstraint(
            model_name="fill",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("price", models.F("quote_ask")), ("side", "buy")),
                    models.Q(("price", models.F("quote_bid")), ("side", "sell")),
                    _connector="OR",
                ),
                name="trading_fill_at_quote",
            ),
        ),
        migrations.AddConstraint(
            model_name="fill",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("opened_volume", 0),
                    models.Q(("equity_minor__gte", models.F("required_minor")), ("equity_minor__isnull", False)),
                    _connector="OR",
                ),
                name="trading_fill_covered",
            ),
        ),
        migrations.AddConstraint(
            model_name="fill",
            constraint=models.CheckConstraint(
                condition=models.Q(("commission_minor__gte", 0)), name="trading_fill_commission"
            ),
        ),
        # What was dealt can't be dealt otherwise afterwards.
        migrations.RunSQL((SQL / "fills_v1.sql").read_text(), elidable=False),
        Capture(
            "trading_instrument",
            columns=(
                "symbol",
                "name",
                "base",
                "quote",
                "contract_size",
                "digits",
                "instrument_class",
                "triple_swap_weekday",
                "minimum_volume",
                "maximum_volume",
                "volume_step",
                "maximum_quote_age_seconds",
                "commission_per_lot",
                "commission_currency",
                "is_tradable",
            ),
        ),
        Capture(
            "trading_account",
            columns=(
                "id",
                "client_id",
                "entity",
                "account_number",
                "currency",
                "kind",
                "leverage",
                "status",
                "opened_at",
                "closed_at",
                "margin_called_at",
            ),
        ),
        Capture(
            "trading_order",
            columns=(
                "id",
                "trading_account_id",
                "instrument_id",
                "side",
                "volume",
                "purpose",
                "placed_by",
                "placed_at",
            ),
        ),
        Capture(
            "trading_fill",
            columns=(
                "id",
                "order_id",
                "trading_account_id",
                "position_id",
                "instrument_id",
                "side",
                "volume",
                "price",
                "outcome",
                "closed_volume",
                "opened_volume",
                "quote_bid",
                "quote_ask",
                "quote_at",
                "quote_source",
                "conversions",
                "currency",
                "margin_share",
                "rule",
                "realised_minor",
                "commission_minor",
                "margin_minor",
                "required_minor",
                "equity_minor",
                "filled_at",
            ),
        ),
        Capture(
            "trading_position",
            columns=(
                "id",
                "trading_account_id",
                "instrument_id",
                "side",
                "volume",
                "open_price",
                "opened_at",
                "closed_at",
                "original_volume",
                "original_margin_minor",
                "margin_minor",
                "realised_minor",
            ),
        ),
        Capture(
            "trading_commission_scheme",
            columns=(
                "id",
                "name",
                "currency",
                "per_lot",
                "effective_from",
            ),
        ),
        Capture(
            "trading_commission_payout",
            columns=(
                "id",
                "ib_id",
                "entity",
                "currency",
                "amount_minor",
                "accruals",
                "transfer_id",
                "paid_at",
            ),
        ),
        Capture(
            "trading_commission_accrual",
            columns=(
                "id",
                "fill_id",
                "ib_id",
                "level",
                "client_id",
                "entity",
                "scheme_id",
                "amount_minor",
                "currency",
                "filled_at",
                "payout_id",
            ),
        ),
    ]
