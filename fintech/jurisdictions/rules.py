"""What the rules of a jurisdiction are, as typed values: the shapes that the TOML files fill.

A field of `Rules` is a rule's name in the files (`[[rules.<name>]]`) and in `Jurisdiction.rule_versions`.
Shares (margins, levels, steps) are exact fractions of one; nothing here is a float.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Literal

from fintech.ledger.money import Money

WarningKind = Literal["losing-percentage", "target-market", "generic"]
ReconciledAsOf = Literal["close-of-day-before", "nominated-time"]
AuthorityReport = Literal["yearly-by-auditor", "monthly-signed", "none"]


class LeverageClass(StrEnum):
    """The groups of instruments that leverage caps are set for."""

    MAJOR_PAIR = "major-pair"
    MAJOR_BOND = "major-bond"
    OTHER_PAIR = "other-pair"
    GOLD = "gold"
    MAJOR_INDEX = "major-index"
    OTHER_COMMODITY = "other-commodity"
    OTHER_INDEX = "other-index"
    SHARE = "share"
    CRYPTO_ASSET = "crypto-asset"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class LeverageCaps:
    """Least initial margin by class, as a share of the exposure, and who belongs to the named classes.

    `initial_margins` has each class but those in `refused`, which can't be dealt in at all. Members are the
    names that an instrument gives its underlying: currency codes, index names, "XAU".
    """

    initial_margins: Mapping[LeverageClass, Fraction]
    refused: frozenset[LeverageClass]
    major_currencies: frozenset[str]
    major_indices: frozenset[str]
    major_bonds: frozenset[str]
    gold: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class RiskWarning:
    """The warning that a client of one regulatory entity accepts, and the version that is then recorded.

    `renew_by` is the day from which the percentage in it is too old to be shown; None where no percentage is.
    """

    kind: WarningKind
    text: str
    version: str
    renew_by: datetime.date | None = None


@dataclass(frozen=True, kw_only=True)
class RiskWarningTemplate:
    """The warning before an entity's percentage is put in (`{percent}` in `text`).

    `text_without_percentage` serves an entity that has no figure yet; `renew_every_months` says how old a
    figure may grow.
    """

    kind: WarningKind
    text: str
    version: str
    text_without_percentage: str | None
    renew_every_months: int | None


@dataclass(frozen=True, kw_only=True)
class PreVerificationDeposits:
    """What may be paid in before identity is verified; with `allowed` false, nothing.

    `limit` is for all such deposits together; `days` is how long the state may last, day 1 being the day
    after the earlier of contract and first deposit.
    """

    allowed: bool
    limit: Money | None = None
    days: int | None = None
    only_low_risk: bool = True
    own_bank_account_only: bool = True


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How long records of one class are kept, in years, and from when the years count.

    `years_when_authority_asks` replaces `years` on an authority's request; `years_authority_may_add` is what
    an authority may add to them, case by case.
    """

    years: int
    counted_from: Literal["record", "end-of-relationship"]
    years_when_authority_asks: int | None = None
    years_authority_may_add: int = 0


@dataclass(frozen=True, kw_only=True)
class Erasure:
    """What a person's request for erasure rests on, and by when it's answered (None: no term)."""

    right: Literal["on-request", "when-no-longer-needed", "policy"]
    answer_within_months: int | None


@dataclass(frozen=True, kw_only=True)
class BreachNotice:
    """By when a breach of personal data is notified: a term in hours, or as soon as practicable after an
    assessment that takes at most `assess_within_days`; neither where no notice is owed."""

    owed: bool
    within_hours: int | None
    assess_within_days: int | None


@dataclass(frozen=True, kw_only=True)
class ClientMoneyClocks:
    """Who reconciles client money by when; business days are those of the entity's own holiday list.

    The reconciliation of each business day is as of the close of the day before, or of that day's
    `nominated_time` (in the jurisdiction's zone), and done `done_within_business_days` later: by the close of
    that day, or by the nominated time.
    """

    every: Literal["business-day", "day"]
    as_of: ReconciledAsOf
    nominated_time: datetime.time | None
    done_within_business_days: int
    shortfall: Literal["cover-from-own-money", "pay-in-and-take-out", "notify-authority"]
    shortfall_within_business_days: int
    report: AuthorityReport
    report_within_business_days: int | None
    report_kept_years: int | None


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The rules of a jurisdiction at one moment.

    Where a field says "retail", it protects retail clients only; how others are treated is the deciding
    function's business (`trading.rules`).
    """

    leverage_caps: LeverageCaps
    """Retail: least initial margin by class of instrument."""
    margin_call_level: Fraction
    """Equity over total initial margin below which a margin call is sent."""
    close_out_level: Fraction
    """Equity over total initial margin below which (strictly) positions are closed."""
    opposite_positions: Literal["add_up", "larger_leg"]
    """Whether margins of opposite positions in one instrument add up, or the larger side's counts."""
    negative_balance_protection: bool
    """Retail: a balance below zero after closing everything is made good by the house."""
    bonuses_allowed: bool
    """Retail: whether bonuses and trading benefits may be given."""
    risk_warning_template: RiskWarningTemplate
    """Retail: the warning to accept; finished texts are in `risk_warnings`."""
    pre_verification_deposits: PreVerificationDeposits
    """What may be deposited before identity is verified."""
    loss_notice_step: Fraction | None
    """Retail: a notice at each such share of a position's initial value lost; None where none is owed."""
    appropriateness: Literal["test", "target-market"] | None
    """Retail: what must be answered before trading."""
    two_approvals_from: Money
    """A withdrawal of this or more (or the equivalent) needs two approvals, one below."""
    retention_identity: Retention
    """KYC and AML records."""
    retention_payments: Retention
    """Records of money."""
    retention_trading: Retention
    """Records of trades."""
    erasure: Erasure
    breach_notice: BreachNotice
    client_money: ClientMoneyClocks
    regulator_access: Literal["read-only-by-case"]
    """How a regulator looks: read-only, scoped by case, every look audited."""
    quote_max_age_seconds: int
    """A quote older than this opens nothing while its market is open."""

    risk_warnings: Mapping[str, RiskWarning]
    """The finished warning by the code of the regulatory entity."""

    @property
    def risk_warning(self) -> RiskWarning:
        """The warning of the jurisdiction's only entity; `LookupError` where there are several."""
        if len(self.risk_warnings) != 1:
            raise LookupError(f"several entities ({', '.join(self.risk_warnings)}): use risk_warnings[code]")
        (warning,) = self.risk_warnings.values()
        return warning

    @property
    def retention(self) -> Mapping[str, Retention]:
        """Retention by class of record. A class that isn't named here (marketing) is kept by no rule."""
        return MappingProxyType(
            {
                "identity": self.retention_identity,
                "payments": self.retention_payments,
                "trading": self.retention_trading,
            }
        )
