"""What a client does before trading: answers the questions, accepts the risk warning."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from uuid import UUID

from crm.models import AppropriatenessTest, Client, RiskWarningAcceptance
from crm.rules.appropriateness import Questionnaire, Result, UnusableAnswers, judge, questionnaire_for
from crm.services.standing import changing_standing
from fintech.cells import current_cell
from fintech.cells.identifiers import uuid7
from fintech.factlog import record
from fintech.facts.crm import AppropriatenessAnswered, RiskWarningAccepted
from fintech.journal import Refusal, inside_decision, verb
from fintech.privacy.sealing import seal


@verb("crm")
def answer_appropriateness(*, key: str, client_id: UUID, questionnaire: str, answers: Mapping[str, str]) -> UUID:
    """Judge a client's answers to the questionnaire in force; gives the id of the test, passed or not."""
    at = inside_decision("crm").recorded_at
    asked = questionnaire_for(current_cell().jurisdiction.rules_at(at).appropriateness)
    if asked is None:
        raise Refusal("appropriateness-not-asked", "No questions are asked in this jurisdiction.")
    if asked.name != questionnaire:
        detail = "Other questions are in force: answer those."
        raise Refusal("questionnaire-not-in-force", detail, in_force=asked.name)
    try:
        result = judge(asked, answers)
    except UnusableAnswers as unusable:
        raise Refusal("answers-not-usable", str(unusable), status=422, question=unusable.question) from None
    with changing_standing(client_id) as client:
        return _keep(client, asked, answers, result)


@verb("crm")
def accept_risk_warning(*, key: str, client_id: UUID, version: str) -> UUID:
    """Note that a client accepts the risk warning of the entity, in exactly the version in force; gives its id."""
    at = inside_decision("crm").recorded_at
    rules = current_cell().jurisdiction.rules_at(at)
    with changing_standing(client_id) as client:
        warning = rules.risk_warnings[client.entity]
        if warning.version != version:
            detail = "Another version of the risk warning is in force: read and accept that one."
            raise Refusal("risk-warning-not-in-force", detail, in_force=warning.version)
        found = RiskWarningAcceptance.objects.filter(client=client, entity=client.entity, version=version).first()
        if found is not None:
            return found.pk
        acceptance = RiskWarningAcceptance.objects.create(
            client=client,
            entity=client.entity,
            version=version,
            text_sha256=hashlib.sha256(warning.text.encode()).hexdigest(),
            accepted_at=at,
        )
        record(
            RiskWarningAccepted(
                client_id=client_id, acceptance_id=acceptance.pk, entity=client.entity, version=version
            ),
            subject=("client", client_id),
        )
        return acceptance.pk


def _keep(client: Client, asked: Questionnaire, answers: Mapping[str, str], result: Result) -> UUID:
    text = json.dumps(dict(answers), sort_keys=True)
    test = AppropriatenessTest.objects.create(
        id=uuid7(),
        client=client,
        kind=asked.kind,
        questionnaire=asked.name,
        answers_sealed=seal("crm", person_id=client.pk, retention="identity", text=text),
        points=result.points,
        out_of=result.out_of,
        passed=result.passed,
        answered_at=inside_decision("crm").recorded_at,
    )
    record(
        AppropriatenessAnswered(
            client_id=client.pk,
            test_id=test.pk,
            kind=asked.kind,
            questionnaire=asked.name,
            points=result.points,
            out_of=result.out_of,
            passed=result.passed,
        ),
        subject=("client", client.pk),
    )
    return test.pk
