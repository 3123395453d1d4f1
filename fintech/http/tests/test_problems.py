"""Each no of the API is a problem with a stable type, and tells nothing of what is inside."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.utils.html import escape

from fintech.http.error_lists import MAX_ERRORS, errors_of
from fintech.http.problem_types import describe, known_problem_types
from fintech.http.tests.conftest import Api


def problem(response: Any) -> dict[str, Any]:
    assert response["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == response.status_code
    assert body["request_id"] == response["X-Request-Id"]
    return body


def test_a_refusal_names_its_rule_inputs_and_threshold(api: Api) -> None:
    body = problem(api.get("/api/v1/raise/refusal"))
    assert body["type"] == "/problems/insufficient-funds"
    assert body["status"] == 409
    assert body["detail"] == "The wallet holds less."
    assert body["params"] == {"available": "5.00", "threshold": 3}


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("described", 429, "throttled"),
        ("suspicious", 400, "malformed-request"),
        ("denied", 403, "permission-denied"),
        ("not-authenticated", 401, "not-authenticated"),
        ("authentication-failed", 401, "authentication-failed"),
        ("database", 503, "temporarily-unavailable"),
        ("throttled", 429, "throttled"),
        ("other", 500, "error"),
        ("unforeseen", 500, "internal-error"),
        ("no-cell", 500, "internal-error"),
    ],
)
def test_each_exception_has_its_problem(api: Api, name: str, status: int, code: str) -> None:
    body = problem(api.get(f"/api/v1/raise/{name}"))
    assert (body["status"], body["type"]) == (status, f"/problems/{code}")


def test_a_caller_who_is_not_signed_in_is_told_how(api: Api) -> None:
    assert api.get("/api/v1/raise/not-authenticated")["WWW-Authenticate"]


@pytest.mark.parametrize(("name", "seconds"), [("throttled", "3"), ("database", "1")])
def test_a_caller_who_may_try_again_is_told_when(api: Api, name: str, seconds: str) -> None:
    assert api.get(f"/api/v1/raise/{name}")["Retry-After"] == seconds


@pytest.mark.parametrize("name", ["unforeseen", "no-cell", "database", "suspicious"])
def test_nothing_of_an_exception_leaves_the_house(api: Api, name: str) -> None:
    response = api.get(f"/api/v1/raise/{name}")
    told = response.content.decode()
    assert not re.search(r"maria|hunter2|bound|10\.1\.2\.3|secret path|Error|Traceback|NoCell", told)


@pytest.mark.parametrize("path", ["/api/v1/page-raising", "/api/v1/absent", "/api/absent"])
def test_what_happens_outside_of_an_endpoint_is_a_problem_too(api: Api, path: str) -> None:
    code = "internal-error" if "raising" in path else "not-found"
    assert problem(api.get(path))["type"] == f"/problems/{code}"


def test_outside_of_the_api_people_get_pages(api: Api) -> None:
    assert api.get("/absent")["Content-Type"].startswith("text/html")
    assert api.get("/page-raising")["Content-Type"].startswith("text/html")


def test_a_wrong_method_says_which_is_right(api: Api) -> None:
    response = api.get("/api/v1/echo")
    assert problem(response)["type"] == "/problems/method-not-allowed"
    assert response["Allow"] == "POST, OPTIONS"


def test_a_problem_keeps_its_form_whatever_the_caller_accepts(api: Api) -> None:
    assert problem(api.get("/api/v1/raise/refusal", accept="text/html"))["type"] == "/problems/not-acceptable"


def test_every_type_of_problem_has_a_page_that_explains_it(api: Api) -> None:
    index = api.get("/problems/").content.decode()
    for code, kind in known_problem_types().items():
        page = api.get(kind.reference)
        assert page.status_code == 200
        assert escape(kind.title) in page.content.decode()
        assert f'id="{code}"' in index
    assert api.get("/problems/absent").status_code == 404


def test_one_code_never_has_two_meanings() -> None:
    with pytest.raises(ValueError, match="twice"):
        describe("not-found", title="Lost", status=404, explanation="Somewhere else.")
    with pytest.raises(ValueError, match="lower-case"):
        describe("Not_Found", title="Lost", status=404, explanation="Somewhere else.")


def test_places_in_a_body_are_json_pointers() -> None:
    detail = {"a/b": {"c~d": ["wrong"]}, "items": [{}, {"x": ["bad"]}], "non_field_errors": ["all"]}
    pointers = [error["pointer"] for error in errors_of(detail, where="pointer")]
    assert pointers == ["/a~1b/c~0d", "/items/1/x", ""]


def test_an_answer_lists_a_number_of_errors_that_can_be_read() -> None:
    assert len(errors_of({str(number): ["wrong"] for number in range(5000)}, where="pointer")) == MAX_ERRORS
