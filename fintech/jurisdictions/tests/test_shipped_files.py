"""The four shipped files say what the rules of each jurisdiction are, version by version."""

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest

from fintech.jurisdictions import LeverageClass, NoRuleInForce, Rules, jurisdiction, jurisdictions
from fintech.ledger.money import Money

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
CODES = ("au", "eu", "sc", "uk")


def rules(code: str, moment: datetime = NOW) -> Rules:
    return jurisdiction(code).rules_at(moment)


def test_four_jurisdictions_are_shipped_in_alphabetical_order() -> None:
    assert tuple(jurisdictions()) == CODES


@pytest.mark.parametrize(
    ("code", "region", "backup", "currencies", "leaving"),
    [
        ("eu", "eu-central-1", "eu-west-1", ["EUR", "USD", "GBP"], ("within", ("EEA",))),
        ("uk", "eu-west-2", "eu-west-2", ["GBP", "USD", "EUR"], ("within", ("UK", "EEA"))),
        ("au", "ap-southeast-2", "ap-southeast-4", ["AUD", "USD"], ("no", ())),
        ("sc", "eu-central-1", "eu-west-1", ["USD", "EUR"], ("with-contract", ())),
    ],
)
def test_data_lives_where_the_file_allows(
    code: str, region: str, backup: str, currencies: list[str], leaving: tuple[str, tuple[str, ...]]
) -> None:
    found = jurisdiction(code)
    assert found.allowed_regions == {region, backup}
    assert [currency.code for currency in found.base_currencies] == currencies
    assert (found.data_may_leave.rule, found.data_may_leave.areas) == leaving


def test_a_backup_in_the_same_region_lies_under_another_account() -> None:
    assert jurisdiction("uk").backup_account == "separate"


@pytest.mark.parametrize("code", CODES)
def test_each_entity_is_found_by_its_local_and_its_public_host(code: str) -> None:
    found = jurisdiction(code)
    assert found.hosts == (f"{code}.localhost", f"{code}.staging.example.com", f"{code}.example.com")
    assert found.entity_for_host(f"{code.upper()}.localhost").code == f"{code}-main"


@pytest.mark.parametrize("code", ["eu", "au", "uk"])
def test_retail_caps_are_those_of_the_law(code: str) -> None:
    margins = dict(rules(code).leverage_caps.initial_margins)
    margins.pop(LeverageClass.MAJOR_BOND, None)
    margins.pop(LeverageClass.CRYPTO_ASSET, None)
    assert margins == {
        LeverageClass.MAJOR_PAIR: Fraction(1, 30),
        LeverageClass.OTHER_PAIR: Fraction(5, 100),
        LeverageClass.GOLD: Fraction(5, 100),
        LeverageClass.MAJOR_INDEX: Fraction(5, 100),
        LeverageClass.OTHER_COMMODITY: Fraction(10, 100),
        LeverageClass.OTHER_INDEX: Fraction(10, 100),
        LeverageClass.SHARE: Fraction(20, 100),
        LeverageClass.OTHER: Fraction(20, 100),
    }
    assert len(rules(code).leverage_caps.major_indices) == 10


def test_seychelles_caps_at_one_to_five_hundred_by_policy() -> None:
    assert set(rules("sc").leverage_caps.initial_margins.values()) == {Fraction(1, 500)}
    assert {version.basis for version in jurisdiction("sc").rule_versions("leverage_caps")} == {"policy"}


def test_only_asic_counts_the_australian_dollar_among_the_majors() -> None:
    assert [code for code in CODES if "AUD" in rules(code).leverage_caps.major_currencies] == ["au"]


def test_crypto_assets_are_refused_in_the_uk_from_6_january_2021_on() -> None:
    uk = jurisdiction("uk")
    before = uk.rules_at(datetime(2021, 1, 5, 23, 59, 59, tzinfo=UTC)).leverage_caps
    after = uk.rules_at(datetime(2021, 1, 6, tzinfo=UTC)).leverage_caps
    assert before.initial_margins[LeverageClass.CRYPTO_ASSET] == Fraction(1, 2)
    assert after.refused == {LeverageClass.CRYPTO_ASSET}
    assert [code for code in CODES if rules(code).leverage_caps.refused] == ["uk"]


@pytest.mark.parametrize(
    ("code", "level", "opposite", "bonuses", "notice", "appropriateness", "two_from"),
    [
        ("eu", (1, 2), "add_up", False, Fraction(1, 10), "test", "10000.00 EUR"),
        ("uk", (1, 2), "add_up", False, Fraction(1, 10), "test", "10000.00 GBP"),
        ("au", (1, 2), "add_up", False, None, "target-market", "10000.00 AUD"),
        ("sc", (1, 5), "larger_leg", True, None, None, "5000.00 USD"),
    ],
)
def test_protections_by_jurisdiction(
    code: str,
    level: tuple[int, int],
    opposite: str,
    bonuses: bool,
    notice: Fraction | None,
    appropriateness: str | None,
    two_from: str,
) -> None:
    found = rules(code)
    assert found.close_out_level == Fraction(*level)
    assert found.opposite_positions == opposite
    assert found.bonuses_allowed is bonuses
    assert found.negative_balance_protection
    assert found.loss_notice_step == notice
    assert found.appropriateness == appropriateness
    assert found.two_approvals_from == Money.of(*two_from.split())
    assert found.quote_max_age_seconds == 5


def test_only_the_eu_takes_deposits_before_verification_and_only_since_its_circular() -> None:
    found = rules("eu").pre_verification_deposits
    assert (found.limit, found.days) == (Money.of("2000.00", "EUR"), 15)
    assert found.only_low_risk
    assert found.own_bank_account_only
    assert [code for code in CODES if rules(code).pre_verification_deposits.allowed] == ["eu"]
    assert not rules("eu", datetime(2025, 7, 8, 12, tzinfo=UTC)).pre_verification_deposits.allowed


@pytest.mark.parametrize(("code", "identity", "records"), [("eu", 5, 5), ("uk", 5, 5), ("au", 7, 7), ("sc", 7, 7)])
def test_records_are_kept_for_the_years_of_the_law(code: str, identity: int, records: int) -> None:
    found = rules(code).retention
    assert (found["identity"].years, found["identity"].counted_from) == (identity, "end-of-relationship")
    for kind in ("payments", "trading"):
        assert (found[kind].years, found[kind].counted_from) == (records, "record")
    assert "marketing" not in found


def test_an_eu_authority_may_have_records_kept_longer() -> None:
    found = rules("eu").retention
    assert found["trading"].years_when_authority_asks == 7
    assert found["identity"].years_authority_may_add == 5


def test_kyc_retention_in_the_eu_changes_its_law_on_10_july_2027() -> None:
    eu = jurisdiction("eu")
    old = eu.rule_version_at("retention_identity", datetime(2027, 7, 9, 20, 59, tzinfo=UTC))
    new = eu.rule_version_at("retention_identity", datetime(2027, 7, 9, 21, 0, tzinfo=UTC))
    assert (old.source, new.source) == ("Directive (EU) 2015/849 Art 40", "Regulation (EU) 2024/1624 Art 77")
    assert new.label == "eu/retention_identity/2027-07-10"


def test_client_money_clocks() -> None:
    eu, uk, au, sc = (rules(code).client_money for code in ("eu", "uk", "au", "sc"))
    assert (eu.every, eu.shortfall, eu.report) == (
        "business-day",
        "cover-from-own-money",
        "yearly-by-auditor",
    )
    assert (uk.as_of, uk.shortfall, uk.done_within_business_days) == (
        "close-of-day-before",
        "pay-in-and-take-out",
        0,
    )
    assert (au.as_of, au.done_within_business_days, au.shortfall_within_business_days) == (
        "nominated-time",
        3,
        5,
    )
    assert (au.report, au.report_within_business_days, au.report_kept_years) == ("monthly-signed", 10, 7)
    assert sc.every == "day"


def test_the_eu_warning_shows_the_entitys_own_percentage_and_grows_old_after_three_months() -> None:
    warning = rules("eu").risk_warning
    assert warning.kind == "losing-percentage"
    assert "74% of retail investor accounts lose money" in warning.text
    assert warning.renew_by == date(2027, 1, 1)


def test_before_an_entity_has_a_figure_its_warning_shows_the_range_of_the_market() -> None:
    warning = rules("eu", datetime(2026, 9, 1, tzinfo=UTC)).risk_warning
    assert "Between 74-89%" in warning.text
    assert warning.version != rules("eu").risk_warning.version


@pytest.mark.parametrize(("code", "kind"), [("au", "target-market"), ("sc", "generic")])
def test_elsewhere_the_warning_has_no_percentage(code: str, kind: str) -> None:
    assert (rules(code).risk_warning.kind, rules(code).risk_warning.renew_by) == (kind, None)


def test_asics_order_warns_90_days_before_it_ends_and_its_limits_stay_afterwards() -> None:
    au = jurisdiction("au")
    warned = {ending.name for ending in au.ending_within(90, now=datetime(2027, 2, 23, tzinfo=UTC))}
    assert {"leverage_caps", "close_out_level", "opposite_positions"} <= warned
    assert not au.ending_within(90, now=datetime(2027, 2, 20, tzinfo=UTC))
    last, first = (
        au.rule_version_at("close_out_level", datetime(2027, 5, day, 13, 59, tzinfo=UTC)) for day in (23, 24)
    )
    assert (last.basis, first.basis, last.value) == ("law", "policy", first.value)


def test_a_percentage_that_is_too_old_is_warned_of_until_it_is_renewed() -> None:
    endings = jurisdiction("eu").ending_within(30, now=datetime(2027, 2, 1, tzinfo=UTC))
    assert [ending.name for ending in endings] == ["risk_warning percentage of eu-main"]


def test_nothing_is_decided_at_a_moment_for_which_the_file_has_no_rule() -> None:
    with pytest.raises(NoRuleInForce, match=r"eu\.toml has no version of leverage_caps in force on 2018-07-31"):
        rules("eu", datetime(2018, 7, 31, 12, tzinfo=UTC))


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        rules("eu", datetime(2026, 1, 1))


@pytest.mark.parametrize("code", CODES)
def test_every_rule_names_its_source_and_basis(code: str) -> None:
    for versions in jurisdiction(code).versions.values():
        assert all(version.source and version.basis in ("law", "policy") for version in versions)
