"""Commission of introducing brokers: what each level of the hierarchy earns from a client's fill.

Level 1 is the broker who introduced the client, level 2 that broker's own introducer, and so on. Schemes may
name more levels than a client has above them; what those would earn isn't paid.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from fintech.ledger.currencies import Currency
from fintech.ledger.money import Money
from trading.rules.rounding import rounded_half_even


@dataclass(frozen=True, kw_only=True)
class Cascade:
    """What each level earns, level 1 first, and what of the pool the house keeps."""

    levels: tuple[Money, ...]
    house: Money


def per_lot(*, volume: Decimal, rates: Sequence[Decimal], currency: Currency, levels: int) -> tuple[Money, ...]:
    """What the lowest `levels` brokers earn at `rates` a lot (level 1 first), each half to even."""
    _check(volume, rates)
    return tuple(rounded_half_even(Fraction(volume) * Fraction(rate), currency) for rate in rates[: max(levels, 0)])


def mark_up_pool(*, volume: Decimal, pips: Decimal, pip_value: Decimal, currency: Currency) -> Money:
    """What a mark-up of `pips` brings on `volume` lots (`pip_value` is a pip's worth a lot), half to even."""
    _check(volume, (pips, pip_value))
    return rounded_half_even(Fraction(volume) * Fraction(pips) * Fraction(pip_value), currency)


def share_of_pool(pool: Money, *, shares: Sequence[Fraction], levels: int) -> Cascade:
    """Divide `pool` by `shares` (level 1 first, together at most the whole); the house keeps the rest.

    The parts sum to the pool to the minor unit: each gets its whole minor units, and those left over go one
    each by largest remainder, then by level, the house last.
    """
    if pool.minor < 0 or any(share < 0 for share in shares) or sum(shares) > 1:
        raise ValueError(f"a pool of {pool} can't be shared by {[str(share) for share in shares]}")
    paid = [Fraction(share) for share in shares[: max(levels, 0)]]
    exact = [pool.minor * share for share in (*paid, 1 - sum(paid))]
    parts = [int(part) for part in exact]
    left_over = pool.minor - sum(parts)
    by_remainder = sorted(range(len(exact)), key=lambda level: parts[level] - exact[level])
    for level in by_remainder[:left_over]:
        parts[level] += 1
    *earned, kept = (Money(part, pool.currency) for part in parts)
    return Cascade(levels=tuple(earned), house=kept)


def _check(volume: Decimal, factors: Sequence[Decimal]) -> None:
    if volume <= 0 or any(factor < 0 for factor in factors):
        raise ValueError(f"no commission on {volume} lots at {[str(factor) for factor in factors]}")
