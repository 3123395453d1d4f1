"""How each rule's value is read from its table: a small reader per rule, named like the field of `Rules`."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from types import MappingProxyType

from fintech.jurisdictions.reading import TableReader
from fintech.jurisdictions.rules import (
    AuthorityReport,
    BreachNotice,
    ClientMoneyClocks,
    Erasure,
    LeverageCaps,
    LeverageClass,
    PreVerificationDeposits,
    ReconciledAsOf,
    Retention,
    RiskWarningTemplate,
    WarningKind,
)

# A jurisdiction without major bonds names no margin for them: they are then "other".
_CLASSES_NEEDING_MARGIN = tuple(kind for kind in LeverageClass if kind is not LeverageClass.MAJOR_BOND)


def _share(table: TableReader) -> Fraction:
    return table.share("value")


def _boolean(table: TableReader) -> bool:
    return table.boolean("value")


def _choice(*choices: str) -> Callable[[TableReader], str]:
    return lambda table: table.choice("value", choices)


def _choice_or_none(*choices: str) -> Callable[[TableReader], str | None]:
    def read(table: TableReader) -> str | None:
        value = table.choice("value", (*choices, "none"))
        return None if value == "none" else value

    return read


def _leverage_caps(table: TableReader) -> LeverageCaps:
    members = table.table("members")
    major_bonds = frozenset(members.texts("major_bonds")) if "major_bonds" in members else frozenset[str]()
    caps = LeverageCaps(
        initial_margins=MappingProxyType(_initial_margins(table, has_major_bonds=bool(major_bonds))),
        refused=_refused_classes(table),
        major_currencies=frozenset(members.texts("major_currencies")),
        major_indices=frozenset(members.texts("major_indices")),
        major_bonds=major_bonds,
        gold=frozenset(members.texts("gold")),
    )
    members.finish()
    return caps


def _refused_classes(table: TableReader) -> frozenset[LeverageClass]:
    if "refused" not in table:
        return frozenset()
    classes = table.texts("refused")
    for name in classes:
        if name not in list(LeverageClass):
            raise table.error("refused", f"{name!r} is no class", f"write classes of {', '.join(LeverageClass)}")
    return frozenset(LeverageClass(name) for name in classes)


def _initial_margins(table: TableReader, *, has_major_bonds: bool) -> dict[LeverageClass, Fraction]:
    """Read a margin for each class that may be dealt in, and refuse one for a class that may not."""
    margins = table.table("initial_margins")
    refused = _refused_classes(table)
    needed: list[LeverageClass] = [kind for kind in _CLASSES_NEEDING_MARGIN if kind not in refused]
    if has_major_bonds:
        needed.append(LeverageClass.MAJOR_BOND)
    found = {kind: margins.share(kind) for kind in needed}
    margins.finish()
    return found


def _risk_warning_template(table: TableReader) -> RiskWarningTemplate:
    kind: WarningKind = table.choice("kind", ("losing-percentage", "target-market", "generic"))
    text, version = table.text("text"), table.text("version")
    if kind != "losing-percentage":
        return RiskWarningTemplate(
            kind=kind,
            text=text,
            version=version,
            text_without_percentage=None,
            renew_every_months=None,
        )
    if text.count("{percent}") != 1:
        raise table.error("text", "can't take the percentage", "write {percent} once, where it belongs")
    return RiskWarningTemplate(
        kind="losing-percentage",
        text=text,
        version=version,
        text_without_percentage=table.text("text_without_percentage"),
        renew_every_months=table.integer("renew_every_months", low=1, high=12),
    )


def _pre_verification_deposits(table: TableReader) -> PreVerificationDeposits:
    if not table.boolean("allowed"):
        return PreVerificationDeposits(allowed=False)
    return PreVerificationDeposits(
        allowed=True,
        limit=table.money("limit"),
        days=table.integer("days", low=1, high=365),
        only_low_risk=table.boolean("only_low_risk"),
        own_bank_account_only=table.boolean("own_bank_account_only"),
    )


def _loss_notice_step(table: TableReader) -> Fraction | None:
    if table.text("value") == "none":
        return None
    return table.share("value")


def _retention(table: TableReader) -> Retention:
    asked = "years_when_authority_asks" in table
    added = "years_authority_may_add" in table
    return Retention(
        years=table.integer("years", low=0, high=100),
        counted_from=table.choice("counted_from", ("record", "end-of-relationship")),
        years_when_authority_asks=(table.integer("years_when_authority_asks", low=0, high=100) if asked else None),
        years_authority_may_add=table.integer("years_authority_may_add", low=0, high=100) if added else 0,
    )


def _erasure(table: TableReader) -> Erasure:
    return Erasure(
        right=table.choice("right", ("on-request", "when-no-longer-needed", "policy")),
        answer_within_months=_optional_integer(table, "answer_within_months", high=12),
    )


def _breach_notice(table: TableReader) -> BreachNotice:
    if not table.boolean("owed"):
        return BreachNotice(owed=False, within_hours=None, assess_within_days=None)
    notice = BreachNotice(
        owed=True,
        within_hours=_optional_integer(table, "within_hours", high=720),
        assess_within_days=_optional_integer(table, "assess_within_days", high=90),
    )
    if notice.within_hours is None and notice.assess_within_days is None:
        raise table.error("owed", "is true without a term", "write within_hours or assess_within_days as well")
    return notice


def _client_money(table: TableReader) -> ClientMoneyClocks:
    as_of: ReconciledAsOf = table.choice("as_of", ("close-of-day-before", "nominated-time"))
    report: AuthorityReport = table.choice("report", ("yearly-by-auditor", "monthly-signed", "none"))
    monthly = report == "monthly-signed"
    return ClientMoneyClocks(
        every=table.choice("every", ("business-day", "day")),
        as_of=as_of,
        nominated_time=table.time("nominated_time") if as_of == "nominated-time" else None,
        done_within_business_days=table.integer("done_within_business_days", low=0, high=30),
        shortfall=table.choice("shortfall", ("cover-from-own-money", "pay-in-and-take-out", "notify-authority")),
        shortfall_within_business_days=table.integer("shortfall_within_business_days", low=0, high=30),
        report=report,
        report_within_business_days=(table.integer("report_within_business_days", low=1, high=60) if monthly else None),
        report_kept_years=table.integer("report_kept_years", low=1, high=100) if monthly else None,
    )


def _optional_integer(table: TableReader, key: str, *, high: int) -> int | None:
    return table.integer(key, low=1, high=high) if key in table else None


READERS: Mapping[str, Callable[[TableReader], object]] = MappingProxyType(
    {
        "leverage_caps": _leverage_caps,
        "margin_call_level": _share,
        "close_out_level": _share,
        "opposite_positions": _choice("add_up", "larger_leg"),
        "negative_balance_protection": _boolean,
        "bonuses_allowed": _boolean,
        "risk_warning_template": _risk_warning_template,
        "pre_verification_deposits": _pre_verification_deposits,
        "loss_notice_step": _loss_notice_step,
        "appropriateness": _choice_or_none("test", "target-market"),
        "two_approvals_from": lambda table: table.money("value"),
        "retention_identity": _retention,
        "retention_payments": _retention,
        "retention_trading": _retention,
        "erasure": _erasure,
        "breach_notice": _breach_notice,
        "client_money": _client_money,
        "regulator_access": _choice("read-only-by-case"),
        "quote_max_age_seconds": lambda table: table.integer("value", low=1, high=60),
    }
)
"""Every rule that a file must hold, by name."""
