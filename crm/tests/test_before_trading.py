"""What a client does before trading, by the rules of the jurisdiction."""

from __future__ import annotations

from uuid import uuid4

import pytest

from crm.selectors.standing import client_standing
from crm.tests.portal import App, answers
from fintech.cells import Actor, cell
from fintech.factlog.reading import read_subject

pytestmark = pytest.mark.usefixtures("both_cells")


def standings(app: App) -> list[dict[str, object]]:
    with cell(app.cell_name, actor=Actor.system("test")):
        told = read_subject("crm", ("client", str(app.client_id)), after_seq=0, limit=100)
    return [dict(entry.data) for entry in told if entry.kind == "crm.client.standing_changed"]


@pytest.mark.parametrize(("cell_name", "kind"), [("eu", "test"), ("au", "target-market")])
def test_a_client_may_trade_after_questions_and_warning(cell_name: str, kind: str) -> None:
    app = App(cell_name=cell_name).registered()
    response = app.post("appropriateness-tests", answers(app))
    assert response.status_code == 201
    assert (response.json()["kind"], response.json()["passed"]) == (kind, True)
    assert app.get("profile")["may_trade"] is False
    warning = app.get("risk-warning")
    assert warning["accepted_at"] is None
    assert app.post("risk-warning-acceptances", {"version": warning["version"]}).status_code == 201
    assert app.get("risk-warning")["accepted_at"] is not None
    profile = app.get("profile")
    assert profile["may_trade"] is True
    assert [step["step"] for step in profile["next_steps"]] == ["prove_identity"]
    assert [standing["may_trade"] for standing in standings(app)] == [False, True]


def test_the_warning_of_the_eu_names_the_percentage_of_losing_accounts() -> None:
    app = App().registered()
    assert "74% of retail investor accounts lose money" in app.get("risk-warning")["text"]


def test_another_version_of_the_warning_is_not_accepted() -> None:
    app = App().registered()
    response = app.post("risk-warning-acceptances", {"version": "2018-08-01+2026-07-01"})
    assert response.status_code == 409
    problem = response.json()
    assert problem["type"] == "/problems/risk-warning-not-in-force"
    assert problem["params"]["in_force"] == app.get("risk-warning")["version"]


def test_wrong_answers_are_on_record_and_pass_nothing() -> None:
    app = App().registered()
    given = answers(app)
    given["answers"] |= {"leverage": "half", "close_out": "loan"}
    response = app.post("appropriateness-tests", given)
    assert response.status_code == 201
    assert response.json()["passed"] is False
    assert app.get("profile")["next_steps"][0]["step"] == "answer_questions"


def test_a_retry_gets_the_first_answer_and_another_body_under_its_key_is_refused() -> None:
    app = App().registered()
    key, given = str(uuid4()), answers(app)
    first, again = (app.post("appropriateness-tests", given, key=key) for _ in range(2))
    assert first.json() == again.json()
    given["answers"]["leverage"] = "unsure"
    assert app.post("appropriateness-tests", given, key=key).json()["type"] == "/problems/idempotency-key-reused"


def test_an_unknown_answer_is_refused_by_name() -> None:
    app = App().registered()
    given = answers(app)
    given["answers"]["leverage"] = "maybe"
    response = app.post("appropriateness-tests", given)
    assert response.status_code == 422
    assert response.json()["params"] == {"question": "leverage"}


def test_accepting_twice_keeps_the_first_acceptance() -> None:
    app = App().registered()
    version = app.get("risk-warning")["version"]
    first, second = (app.post("risk-warning-acceptances", {"version": version}) for _ in range(2))
    assert first.json() == second.json()


def test_a_standing_is_for_others_to_ask() -> None:
    app = App().registered()
    with cell("eu", actor=Actor.system("test")):
        standing = client_standing(app.client_id)
    assert (standing.category, standing.status, standing.risk) == ("retail", "active", "low")
    assert not standing.verified


def test_changing_the_profile_tells_which_columns_and_not_to_what() -> None:
    app = App().registered()
    response = app.call("PATCH", "/api/v1/profile", {"address": "Corso Como 1, 20154 Milano", "phone": "+39021234567"})
    assert response.status_code == 200
    assert response.json()["address"] == "Corso Como 1, 20154 Milano"
    assert response.json()["full_name"] == "Maria Rossi"
    with cell("eu", actor=Actor.system("test")):
        last = read_subject("crm", ("client", str(app.client_id)), after_seq=0, limit=100)[-1]
    assert last.data["columns"] == ["address_sealed", "phone_sealed"]
    assert "Como" not in str(last.data)


def test_an_unknown_member_of_the_profile_is_refused() -> None:
    response = App().registered().call("PATCH", "/api/v1/profile", {"category": "professional"})
    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == "/category"
