"""A jurisdiction is one file: adding one needs no code, and a faulty one is refused precisely."""

import re
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from fintech.jurisdictions import (
    JurisdictionFileError,
    UnknownJurisdiction,
    jurisdiction,
    jurisdictions,
    load_folder,
)
from fintech.jurisdictions.business_days import BusinessDays
from fintech.jurisdictions.registry import FOLDER_VARIABLE, SHIPPED_FOLDER

EU = (SHIPPED_FOLDER / "eu.toml").read_text(encoding="utf-8")


def made_up(text: str = EU) -> str:
    return text.replace('code = "eu"', 'code = "zz"').replace('"eu.', '"zz.').replace("eu-main", "zz-main")


def load(folder: Path, text: str) -> None:
    (folder / "zz.toml").write_text(text, encoding="utf-8")
    load_folder(folder)


def test_one_more_file_is_one_more_jurisdiction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in SHIPPED_FOLDER.glob("*.toml"):
        shutil.copy(path, tmp_path)
    (tmp_path / "zz.toml").write_text(made_up(), encoding="utf-8")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    assert tuple(jurisdictions()) == ("au", "eu", "sc", "uk", "zz")
    assert jurisdiction("zz").entity_for_host("zz.localhost").ledger_number == 1


def test_an_unknown_jurisdiction_names_the_known_ones() -> None:
    with pytest.raises(UnknownJurisdiction, match="no jurisdiction 'xx'; files stand for: au, eu, sc, uk"):
        jurisdiction("xx")


def test_an_unknown_rule_names_the_known_ones() -> None:
    with pytest.raises(LookupError, match="no rule 'leverage'; rules: leverage_caps, "):
        jurisdiction("eu").rule_versions("leverage")


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        (
            "valid_from = 2018-01-03",
            "valid_from = 2018-01-03\nvalid_to = 2018-01-02",
            "rules.loss_notice_step[0].valid_to: is 2018-01-02, before valid_from",
        ),
        (
            'major-pair = "1/30"',
            'major-pair = "3.33333 %"',
            "rules.leverage_caps[0].initial_margins.major-pair: is '3.33333 %'; write a share like",
        ),
        (
            'other-pair = "5 %"',
            "other-pair = 0.05",
            "rules.leverage_caps[0].initial_margins.other-pair: is 0.05; write a share like",
        ),
        ('share = "20 %"\n', "", "rules.leverage_caps[0].initial_margins.share: is missing"),
        (
            'gold = "5 %"',
            'gold = "5 %"\nsilver = "10 %"',
            "rules.leverage_caps[0].initial_margins.silver: is not a known key",
        ),
        ('limit = "2000.00 EUR"', 'limit = "2000.001 EUR"', "rules.pre_verification_deposits[1].limit: is"),
        ('limit = "2000.00 EUR"', 'limit = "2000.00 EUX"', "rules.pre_verification_deposits[1].limit: is"),
        (
            "valid_from = 2025-07-09",
            "valid_from = 2025-07-10",
            "rules.pre_verification_deposits[1]: begins on",
        ),
        ("valid_to = 2025-07-08\n", "", "rules.pre_verification_deposits[1]: follows a version without end"),
        (
            "days = 15",
            "days = true",
            "rules.pre_verification_deposits[1].days: is True; write a whole number",
        ),
        ('value = "add_up"', 'value = "add"', "rules.opposite_positions[0].value: is 'add'; write one of"),
        ('basis = "law"', 'basis = "custom"', 'is \'custom\'; write one of "law", "policy"'),
        (
            "[[rules.close_out_level]]",
            "[[rules.closeout_level]]",
            "rules.close_out_level: is missing (misspelt",
        ),
        (
            'base_currencies = ["EUR"',
            'base_currencies = ["EUX"',
            "base_currencies: 'EUX' is no known currency",
        ),
        ('time_zone = "Asia/Nicosia"', 'time_zone = "Asia/Nikosia"', "write an IANA time zone"),
        (
            "ledger_number = 1",
            "ledger_number = 100",
            "entities[0].ledger_number: is 100; write a whole number",
        ),
        ('"zz.localhost"', '"zz.localhost:8000"', "entities[0].hosts: 'zz.localhost:8000' is no host name"),
        (
            'backup_region = "eu-west-1"',
            'backup_region = "eu-central-1"',
            "backup_region: is the region itself",
        ),
        ("{percent}% of", "74% of", "rules.risk_warning_template[0].text: can't take the percentage"),
        ('code = "zz"', 'code = "yy"', "code: is 'yy'; write the file's own name, 'zz'"),
        ('regulator = "', 'regulatr = "', "regulator: is missing (misspelt as 'regulatr'?)"),
    ],
)
def test_a_fault_is_named_with_file_key_and_remedy(tmp_path: Path, right: str, wrong: str, complaint: str) -> None:
    text = made_up()
    assert right in text
    with pytest.raises(JurisdictionFileError, match=re.escape(complaint)) as caught:
        load(tmp_path, text.replace(right, wrong, 1))
    assert all(problem.startswith("zz.toml: ") for problem in caught.value.problems)


def test_all_faulty_rules_are_named_at_once(tmp_path: Path) -> None:
    text = made_up().replace('value = "add_up"', 'value = "?"').replace("days = 15", "days = 0")
    with pytest.raises(JurisdictionFileError) as caught:
        load(tmp_path, text)
    assert len(caught.value.problems) == 2


def test_a_class_that_is_refused_has_no_margin_besides(tmp_path: Path) -> None:
    text = made_up().replace(
        "[rules.leverage_caps.initial_margins]",
        'refused = ["crypto-asset"]\n[rules.leverage_caps.initial_margins]',
    )
    with pytest.raises(JurisdictionFileError, match=r"initial_margins\.crypto-asset: is not a known key"):
        load(tmp_path, text)


def test_a_host_belongs_to_one_jurisdiction(tmp_path: Path) -> None:
    shutil.copy(SHIPPED_FOLDER / "eu.toml", tmp_path)
    with pytest.raises(JurisdictionFileError, match=r"the host 'eu\.localhost' already belongs to eu\.toml"):
        load(tmp_path, made_up().replace('"zz.localhost"', '"eu.localhost"'))


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(JurisdictionFileError, match=r"zz\.toml: is no TOML"):
        load(tmp_path, "code = ")


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JurisdictionFileError, match=r"holds no \*\.toml"):
        load_folder(tmp_path)


def test_with_two_entities_each_has_its_own_warning(tmp_path: Path) -> None:
    second = """
[[entities]]
code = "zz-second"
legal_name = "Second Ltd"
licence = "000"
ledger_number = 2
hosts = ["second.localhost"]
holidays = []

[[entities.losing_accounts]]
percent = 81
calculated_on = 2026-10-15

[[rules.leverage_caps]]"""
    text = made_up().replace("\n[[rules.leverage_caps]]", second, 1)
    (tmp_path / "zz.toml").write_text(text, encoding="utf-8")
    rules = load_folder(tmp_path)["zz"].rules_at(datetime(2026, 11, 1, tzinfo=UTC))
    assert "81%" in rules.risk_warnings["zz-second"].text
    assert "74%" in rules.risk_warnings["zz-main"].text
    with pytest.raises(LookupError, match="several entities"):
        _ = rules.risk_warning


def test_business_days_pass_over_weekends_and_holidays() -> None:
    days = jurisdiction("au").entities[0].business_days
    # Good Friday and Easter Monday 2026 are holidays between the two Thursdays.
    assert days.after(date(2026, 4, 2), 3) == date(2026, 4, 9)
    assert days.after(date(2026, 4, 3), 0) == date(2026, 4, 7)


def test_business_days_are_not_counted_backwards() -> None:
    with pytest.raises(ValueError, match="-1 business days"):
        BusinessDays(holidays=frozenset()).after(date(2026, 1, 1), -1)
