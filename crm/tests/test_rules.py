"""The pure rules: who may register, what passes, what a document is."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest

from crm.rules.appropriateness import TARGET_MARKET, TEST, UnusableAnswers, judge
from crm.rules.brokers import canonical_code, chain_upward, is_code
from crm.rules.countries import COUNTRIES, risk_of_residence
from crm.rules.documents import media_type_of
from crm.rules.registration import age_on, fault_of_date_of_birth
from crm.rules.standing import BeforeTrading, may_trade


def best(questionnaire):
    return {
        question.code: max(question.points, key=question.points.__getitem__) for question in questionnaire.questions
    }


@pytest.mark.parametrize("questionnaire", [TEST, TARGET_MARKET])
def test_faultless_answers_pass(questionnaire):
    result = judge(questionnaire, best(questionnaire))
    assert result.passed
    assert result.points == result.out_of == questionnaire.out_of


def test_a_single_wrong_answer_is_outside_the_target_market():
    assert not judge(TARGET_MARKET, {**best(TARGET_MARKET), "afford": "no"}).passed


def test_experience_alone_passes_no_test():
    ignorant = {question.code: min(question.points, key=question.points.__getitem__) for question in TEST.questions}
    assert not judge(TEST, {**ignorant, "experience": "often"}).passed


@pytest.mark.parametrize("change", [{"afford": "maybe"}, {"colour": "red"}])
def test_answers_that_do_not_fit_are_refused(change):
    with pytest.raises(UnusableAnswers):
        judge(TARGET_MARKET, {**best(TARGET_MARKET), **change})


def test_a_missing_answer_is_refused():
    given = best(TEST)
    del given["leverage"]
    with pytest.raises(UnusableAnswers, match="leverage"):
        judge(TEST, given)


@pytest.mark.parametrize(("today", "years"), [(date(2026, 2, 28), 17), (date(2026, 3, 1), 18), (date(2028, 2, 29), 20)])
def test_somebody_born_on_a_leap_day_comes_of_age_in_march(today, years):
    assert age_on(today, date(2008, 2, 29)) == years


def test_the_eighteenth_birthday_is_old_enough_and_the_day_before_is_not():
    assert fault_of_date_of_birth(date(2008, 11, 25), today=date(2026, 11, 25)) is None
    assert fault_of_date_of_birth(date(2008, 11, 26), today=date(2026, 11, 25)).code == "under-age"


def test_every_iso_country_is_known_and_some_are_risky():
    assert len(COUNTRIES) == 249
    assert [risk_of_residence(code) for code in ("IT", "VN", "KP")] == ["low", "medium", "high"]


PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 30 + b"IEND\xaeB`\x82"
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF" + b"\0" * 30 + b"\xff\xd9"


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PDF, "application/pdf"),
        (PNG, "image/png"),
        (JPEG, "image/jpeg"),
        (b"", None),
        (b"<html>%PDF-1.7 %%EOF", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"MZ\x90\0", None),
        (PNG[:20], None),
        (PDF[:30], None),
        (JPEG[:-2], None),
    ],
)
def test_a_document_is_what_its_content_says(content, media_type):
    assert media_type_of(content) == media_type


def test_codes_are_typed_by_hand():
    assert is_code(canonical_code(" alpha-1 "))
    assert not is_code("-AB")
    assert not is_code("AB")
    assert not is_code("A" * 21)


def test_a_chain_ends_at_the_top_and_a_cycle_is_refused():
    low, middle, top = uuid4(), uuid4(), uuid4()
    assert chain_upward(low, {low: middle, middle: top, top: None}) == (low, middle, top)
    with pytest.raises(ValueError, match="cycle"):
        chain_upward(low, {low: middle, middle: low})


def test_a_renewed_percentage_asks_for_no_new_acceptance_but_new_wording_does():
    def before(accepted):
        return BeforeTrading(asked=None, passed=(), warning="2018-08-01+2026-10-01", accepted=[accepted])

    assert may_trade("retail", before("2018-08-01+2026-07-01"))
    assert not may_trade("retail", before("2017-01-01+2026-07-01"))
    assert may_trade("professional", before("none"))
