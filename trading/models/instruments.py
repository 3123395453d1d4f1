"""What can be dealt in, and on which terms."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from fintech.privacy.declarations import Columns
from trading.models.columns import CURRENCY, PRICE, VOLUME, is_currency
from trading.rules.terms import InstrumentClass


class Instrument(models.Model):
    """An instrument's terms; changed only while nobody holds a position in it.

    `contract_size` is units of `base` a lot (or money a point), `digits` the decimals of its prices. Volumes
    are lots, from `minimum_volume` to `maximum_volume` in steps of `volume_step`. Nothing is dealt at a quote
    older than `maximum_quote_age_seconds`, or than the jurisdiction allows. `commission_per_lot` is charged
    on each fill, in `commission_currency`.
    """

    columns = Columns(
        plain=(
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
        )
    )

    symbol = models.CharField(max_length=20, primary_key=True)
    name = models.CharField(max_length=80)
    base = models.CharField(max_length=40)
    quote = models.CharField(**CURRENCY)
    contract_size = models.DecimalField(**VOLUME)
    digits = models.PositiveSmallIntegerField()
    instrument_class = models.CharField(
        max_length=20, choices=[(kind.value, kind.value.replace("-", " ")) for kind in InstrumentClass]
    )
    triple_swap_weekday = models.PositiveSmallIntegerField()
    minimum_volume = models.DecimalField(**VOLUME)
    maximum_volume = models.DecimalField(**VOLUME)
    volume_step = models.DecimalField(**VOLUME)
    maximum_quote_age_seconds = models.PositiveSmallIntegerField()
    commission_per_lot = models.DecimalField(**PRICE)
    commission_currency = models.CharField(**CURRENCY)
    is_tradable = models.BooleanField(default=True)

    class Meta:
        db_table = "trading_instrument"
        ordering = ["symbol"]
        constraints = [
            # A lot of nothing has no exposure, so it would be dealt without margin.
            models.CheckConstraint(name="trading_instrument_size", condition=Q(contract_size__gt=0)),
            models.CheckConstraint(name="trading_instrument_digits", condition=Q(digits__lte=12)),
            # An order of any allowed volume can be closed by orders of allowed volumes.
            models.CheckConstraint(
                name="trading_instrument_volumes",
                condition=Q(volume_step__gt=0)
                & Q(minimum_volume__gte=F("volume_step"))
                & Q(maximum_volume__gte=F("minimum_volume")),
            ),
            # Weekends have no night of their own: they are charged on a weekday.
            models.CheckConstraint(name="trading_instrument_triple_swap", condition=Q(triple_swap_weekday__lte=4)),
            # A quote of no age at all never comes.
            models.CheckConstraint(name="trading_instrument_age", condition=Q(maximum_quote_age_seconds__gte=1)),
            # A commission is what the house earns, never what it gives.
            models.CheckConstraint(name="trading_instrument_commission", condition=Q(commission_per_lot__gte=0)),
            models.CheckConstraint(
                name="trading_instrument_currencies",
                condition=is_currency("quote") & is_currency("commission_currency"),
            ),
        ]

    def __str__(self) -> str:
        return self.symbol
