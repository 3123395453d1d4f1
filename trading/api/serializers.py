"""What comes in and goes out of trading's API."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from fintech.http.serializers import (
    ExactDecimalField,
    InstantField,
    MoneyField,
    NumberIdField,
    PublicIdField,
    ShownSerializer,
    StrictSerializer,
    TextField,
    WholeNumberField,
)
from fintech.ledger.currencies import currency
from fintech.ledger.money import Money
from trading.models import TradingAccount
from trading.rules.terms import Side

VOLUME_DECIMALS = 8


@extend_schema_field(ExactDecimalField(decimals=VOLUME_DECIMALS))
class QuantityField(ExactDecimalField):
    """Lots or a price as a plain decimal text, without the zeros that a column has at its end."""

    def __init__(self, **options: Any) -> None:
        super().__init__(decimals=VOLUME_DECIMALS, **options)

    def to_representation(self, value: Decimal) -> str:
        """Plain digits."""
        return f"{value.normalize():f}" if value else "0"


class SideField(serializers.ChoiceField):
    """`buy` or `sell`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=[(side.value, side.value) for side in Side], **options)

    def to_internal_value(self, data: Any) -> Side:
        """The side."""
        return Side(super().to_internal_value(data))


@extend_schema_field(MoneyField())
class MinorField(MoneyField):
    """A column of minor units, shown as money in the currency that the row names."""

    def __init__(self, column: str, **options: Any) -> None:
        self.column = column
        super().__init__(read_only=True, source="*", **options)

    def to_representation(self, value: Any) -> dict[str, str]:
        """The money."""
        return Money(getattr(value, self.column), currency(value.currency)).wire


class InstrumentSerializer(ShownSerializer[Any]):
    """An instrument's terms."""

    symbol = serializers.CharField()
    name = serializers.CharField()
    base = serializers.CharField()
    quote = serializers.CharField()
    instrument_class = serializers.CharField()
    contract_size = QuantityField()
    digits = serializers.IntegerField()
    minimum_volume = QuantityField()
    maximum_volume = QuantityField()
    volume_step = QuantityField()
    maximum_quote_age_seconds = serializers.IntegerField()
    commission_per_lot = QuantityField()
    commission_currency = serializers.CharField()
    is_tradable = serializers.BooleanField()


class QuoteSerializer(ShownSerializer[Any]):
    """An instrument's latest quote; `fresh` says whether it may be dealt at."""

    instrument = serializers.CharField()
    bid = serializers.CharField()
    ask = serializers.CharField()
    at = InstantField()
    source = serializers.CharField()  # type: ignore[assignment]
    fresh = serializers.BooleanField()


class QuotesSerializer(ShownSerializer[Any]):
    """Every instrument's latest quote."""

    items = QuoteSerializer(many=True)


class OpenAccountSerializer(StrictSerializer):
    """What a client says to open an account."""

    currency = TextField(min_length=3, max_length=3)
    leverage = WholeNumberField(min_value=1, max_value=10_000, default=30)
    kind = serializers.ChoiceField(choices=TradingAccount.Kind.choices, default=TradingAccount.Kind.NETTING)


class TradingAccountSerializer(ShownSerializer[Any]):
    """An account with its worth at the quotes of the moment; from
    `trading.selectors.margins.AccountOverview`.

    `margin_level` is in percent, null with nothing open. `fresh` is false while a quote is missing or old:
    then equity is what was last known.
    """

    id = PublicIdField(source="account.id")
    account_number = NumberIdField(source="account.account_number")
    currency = serializers.CharField(source="account.currency")
    kind = serializers.CharField(source="account.kind")
    leverage = serializers.IntegerField(source="account.leverage")
    status = serializers.CharField(source="account.status")
    opened_at = InstantField(source="account.opened_at")
    margin_called_at = InstantField(source="account.margin_called_at", allow_null=True)
    as_of = InstantField()
    cash = MoneyField()
    equity = MoneyField()
    initial_margin = MoneyField(source="required")
    free_margin = MoneyField(source="free")
    withdrawable = MoneyField()
    margin_level = serializers.DecimalField(source="level", max_digits=20, decimal_places=2, allow_null=True)
    fresh = serializers.BooleanField()


class PlaceOrderSerializer(StrictSerializer):
    """A market order: `volume` in lots."""

    trading_account_id = PublicIdField()
    instrument = TextField(max_length=20)
    side = SideField()
    volume = QuantityField()


class ClosePositionSerializer(StrictSerializer):
    """How much of a position to close, in lots; all of it when left out."""

    volume = QuantityField(required=False)


class DealSerializer(ShownSerializer[Any]):
    """How an order was filled; from `trading.services.orders.OrderPlaced`."""

    order_id = PublicIdField()
    fill_id = PublicIdField()
    position_id = PublicIdField()
    outcome = serializers.CharField()
    price = QuantityField()
    volume = QuantityField()
    realised = MoneyField()
    commission = MoneyField()
    negative_balance_protection = MoneyField(source="protection")
    initial_margin = MoneyField(source="required")
    cash = MoneyField()


class FillSerializer(ShownSerializer[Any]):
    """A fill with the quote that it was made at."""

    id = PublicIdField()
    outcome = serializers.CharField()
    price = QuantityField()
    quote_bid = QuantityField()
    quote_ask = QuantityField()
    quote_at = InstantField()
    quote_source = serializers.CharField()
    margin_share = serializers.CharField()
    rule = serializers.CharField()
    realised = MinorField("realised_minor")
    commission = MinorField("commission_minor")
    filled_at = InstantField()


class OrderSerializer(ShownSerializer[Any]):
    """An order and its fill."""

    id = PublicIdField()
    trading_account_id = PublicIdField()
    instrument = serializers.CharField(source="instrument_id")
    side = serializers.CharField()
    volume = QuantityField()
    purpose = serializers.CharField()
    placed_at = InstantField()
    fill = FillSerializer()


class PositionSerializer(ShownSerializer[Any]):
    """A position; `floating` is what closing it now would bring, null for a closed one."""

    id = PublicIdField()
    trading_account_id = PublicIdField()
    instrument = serializers.CharField()
    side = serializers.CharField()
    volume = QuantityField()
    open_price = QuantityField()
    opened_at = InstantField()
    closed_at = InstantField(allow_null=True)
    margin = MoneyField()
    realised = MoneyField()
    floating = MoneyField(allow_null=True)


class SendToWalletSerializer(StrictSerializer):
    """Cash of a trading account for a wallet of the same client and currency."""

    wallet_id = PublicIdField()
    amount = MoneyField()


class TransferSentSerializer(ShownSerializer[Any]):
    """Money on its way to a wallet."""

    transfer_id = NumberIdField()
    amount = MoneyField()
    cash = MoneyField()


class StatementLineSerializer(ShownSerializer[Any]):
    """One movement of an account's cash; `reference` is the fill or wallet that it has to do with."""

    id = NumberIdField()
    recorded_at = InstantField()
    value_date = serializers.DateField()
    cause = serializers.CharField()
    amount = MoneyField()
    balance = MoneyField()
    reference = PublicIdField(allow_null=True)


class FeedTicketSerializer(ShownSerializer[Any]):
    """A ticket for the feed: good once, for so many seconds."""

    ticket = serializers.CharField()
    expires_in_seconds = serializers.IntegerField()
