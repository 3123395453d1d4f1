"""Orders and the fills that they became."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from fintech.cells.identifiers import uuid7
from fintech.privacy.declarations import Columns
from trading.models.columns import CURRENCY, PRICE, VOLUME
from trading.models.instruments import Instrument
from trading.models.positions import Position
from trading.models.trading_accounts import TradingAccount
from trading.rules.terms import Side

SIDES = [(side.value, side.value) for side in Side]


class Order(models.Model):
    """A market order that was filled. One that is refused leaves its trace in the journal instead."""

    class Purpose(models.TextChoices):
        """Who wanted it dealt: the client, or the rule that closes positions out."""

        CLIENT = "client"
        CLOSE_OUT = "close-out"

    columns = Columns(
        plain=(
            "id",
            "trading_account_id",
            "instrument_id",
            "side",
            "volume",
            "purpose",
            "placed_by",
            "placed_at",
        )
    )

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    trading_account = models.ForeignKey(TradingAccount, on_delete=models.PROTECT, related_name="orders")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="+")
    side = models.CharField(max_length=4, choices=SIDES)
    volume = models.DecimalField(**VOLUME)
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    placed_by = models.CharField(max_length=80)
    placed_at = models.DateTimeField()

    class Meta:
        db_table = "trading_order"
        constraints = [
            models.CheckConstraint(name="trading_order_side", condition=Q(side__in=["buy", "sell"])),
            # An order of nothing, or of less, would be an order of the other side.
            models.CheckConstraint(name="trading_order_volume", condition=Q(volume__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.volume.normalize():f} {self.instrument_id}"


class Fill(models.Model):
    """A deal, with the quotes that it was made at and everything that its amounts were computed from.

    Never changed: triggers refuse it, to everybody. `conversions` are the pairs' quotes that converted its
    amounts. `realised_minor` and `commission_minor` were booked by it; `required_minor` is the account's
    total initial margin after it and `equity_minor` its equity at the quotes of that moment (null where one
    of them was missing or old: a fill that opens needs them all, a closing one doesn't). `rule` names the
    version of the leverage rule.
    """

    columns = Columns(
        plain=(
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
        )
    )

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="fill")
    trading_account = models.ForeignKey(TradingAccount, on_delete=models.PROTECT, related_name="fills")
    position = models.ForeignKey(Position, on_delete=models.PROTECT, related_name="fills")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="+")
    side = models.CharField(max_length=4, choices=SIDES)
    volume = models.DecimalField(**VOLUME)
    price = models.DecimalField(**PRICE)
    outcome = models.CharField(max_length=10)
    closed_volume = models.DecimalField(**VOLUME)
    opened_volume = models.DecimalField(**VOLUME)
    quote_bid = models.DecimalField(**PRICE)
    quote_ask = models.DecimalField(**PRICE)
    quote_at = models.DateTimeField()
    quote_source = models.CharField(max_length=40)
    conversions = models.JSONField()
    currency = models.CharField(**CURRENCY)
    margin_share = models.CharField(max_length=20)
    rule = models.CharField(max_length=80)
    realised_minor = models.BigIntegerField()
    commission_minor = models.BigIntegerField()
    margin_minor = models.BigIntegerField()
    required_minor = models.BigIntegerField()
    equity_minor = models.BigIntegerField(null=True)
    filled_at = models.DateTimeField()

    class Meta:
        db_table = "trading_fill"
        constraints = [
            models.CheckConstraint(name="trading_fill_side", condition=Q(side__in=["buy", "sell"])),
            # What a fill closed and what it opened are the whole of it.
            models.CheckConstraint(
                name="trading_fill_volume",
                condition=Q(volume__gt=0)
                & Q(closed_volume__gte=0)
                & Q(opened_volume__gte=0)
                & Q(volume=models.F("closed_volume") + models.F("opened_volume")),
            ),
            # Best execution: a buy at that quote's ask, a sell at its bid, nothing else.
            models.CheckConstraint(
                name="trading_fill_at_quote",
                condition=Q(side="buy", price=models.F("quote_ask")) | Q(side="sell", price=models.F("quote_bid")),
            ),
            # What opens is covered: equity after the fill, costs included, against the whole margin then
            # required.
            models.CheckConstraint(
                name="trading_fill_covered",
                condition=Q(opened_volume=0)
                | Q(equity_minor__isnull=False, equity_minor__gte=models.F("required_minor")),
            ),
            models.CheckConstraint(name="trading_fill_commission", condition=Q(commission_minor__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.volume.normalize():f} {self.instrument_id} at {self.price.normalize():f}"
