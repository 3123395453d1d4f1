"""Open and closed positions."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from fintech.cells.identifiers import uuid7
from fintech.privacy.declarations import Columns
from trading.models.columns import PRICE, VOLUME
from trading.models.instruments import Instrument
from trading.models.trading_accounts import TradingAccount


class Position(models.Model):
    """A position; when closed its volume and margin are zero and the row stays.

    `original_volume` and `original_margin_minor` are those of its last opening or addition; the margin that
    it holds is always that share of them (see `trading.rules.positions`). `realised_minor` is the sum of what
    its closings booked. Amounts are in the account's currency.
    """

    columns = Columns(
        plain=(
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
        )
    )

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    trading_account = models.ForeignKey(TradingAccount, on_delete=models.PROTECT, related_name="positions")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="+")
    side = models.CharField(max_length=4, choices=[("buy", "buy"), ("sell", "sell")])
    volume = models.DecimalField(**VOLUME)
    open_price = models.DecimalField(**PRICE)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    original_volume = models.DecimalField(**VOLUME)
    original_margin_minor = models.BigIntegerField()
    margin_minor = models.BigIntegerField()
    realised_minor = models.BigIntegerField(default=0)

    class Meta:
        db_table = "trading_position"
        constraints = [
            models.CheckConstraint(name="trading_position_side", condition=Q(side__in=["buy", "sell"])),
            # What is open has volume and what is closed has none.
            models.CheckConstraint(
                name="trading_position_open",
                condition=Q(closed_at=None, volume__gt=0) | Q(closed_at__isnull=False, volume=0, margin_minor=0),
            ),
            # A closing in parts never leaves more than there was, neither lots nor margin.
            models.CheckConstraint(
                name="trading_position_original",
                condition=Q(volume__lte=F("original_volume"))
                & Q(margin_minor__gte=0)
                & Q(margin_minor__lte=F("original_margin_minor")),
            ),
            models.CheckConstraint(name="trading_position_price", condition=Q(open_price__gt=0)),
            # Accounts net: one open position per instrument. (Hedging accounts, once offered, are left out
            # here.)
            models.UniqueConstraint(
                name="trading_position_netting",
                fields=["trading_account", "instrument"],
                condition=Q(closed_at=None),
            ),
        ]

    def __str__(self) -> str:
        volume, state = (self.original_volume, " (closed)") if self.closed_at else (self.volume, "")
        return f"{self.side} {volume.normalize():f} {self.instrument_id}{state}"
