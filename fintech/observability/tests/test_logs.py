"""A line of a log says who, where and under which request, and nothing about a person."""

from __future__ import annotations

import io
import json
import logging
import logging.config
import re
from typing import Any

import pytest
from django.db import IntegrityError
from hypothesis import given, strategies

from crm.models import User
from fintech.cells import Actor, CellContext, cell
from fintech.cells.identifiers import uuid7
from fintech.observability import redaction
from fintech.observability.correlation import correlated
from fintech.observability.logs import ContextFilter, RedactingJsonFormatter, logging_configuration
from fintech.observability.redaction import BLANK, redacted, redacted_text


class Log:
    """A logger whose lines can be read."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        self.logger = logging.getLogger(f"test.{uuid7()}")
        handler = logging.StreamHandler(self.stream)
        handler.addFilter(ContextFilter("api"))
        handler.setFormatter(RedactingJsonFormatter())
        self.logger.addHandler(handler)
        self.logger.propagate = False
        self.logger.setLevel(logging.DEBUG)

    def line(self) -> dict[str, Any]:
        (line,) = self.stream.getvalue().splitlines()
        parsed: dict[str, Any] = json.loads(line)
        return parsed


@pytest.fixture
def log() -> Log:
    return Log()


def test_a_line_names_service_cell_request_and_actor(both_cells: None, log: Log) -> None:
    client = uuid7()
    with cell("eu", actor=Actor.client(client), request_id="request-1"):
        log.logger.info("a deposit of %s was settled", 7, extra={"deposit_id": "0198"})
    line = log.line()
    assert line["message"] == "a deposit of 7 was settled"
    assert line["time"].endswith("+00:00")
    assert {name: line[name] for name in ("level", "service", "cell", "request_id", "actor_kind", "actor_id")} == {
        "level": "INFO",
        "service": "api",
        "cell": "eu",
        "request_id": "request-1",
        "actor_kind": "client",
        "actor_id": str(client),
    }
    assert line["deposit_id"] == "0198"


def test_outside_of_a_cell_a_line_has_the_request_alone(log: Log) -> None:
    with correlated("request-2"):
        log.logger.info("starting")
    line = log.line()
    assert line["request_id"] == "request-2"
    assert "cell" not in line
    assert "actor_id" not in line


def test_each_line_is_one_line_whatever_is_in_it(log: Log) -> None:
    log.logger.info('two\nlines and a "quote"\x00')
    assert log.line()["message"] == 'two\nlines and a "quote"\x00'


def test_fields_about_a_person_are_blank_at_any_depth(log: Log) -> None:
    log.logger.info(
        "registered",
        extra={
            "email": "maria@example.com",
            "client": {"id": "0198", "full_name": "Maria Rossi", "contact": [{"phone": "+43 1 234"}]},
            "client_email": "maria@example.com",
            "X-Session-Token": "abc",
            "raw_body": b"Maria",
        },
    )
    line = log.line()
    assert line["client"] == {"id": "0198", "full_name": BLANK, "contact": [{"phone": BLANK}]}
    assert line["email"] == line["client_email"] == line["X-Session-Token"] == line["raw_body"] == BLANK


def test_a_row_that_the_database_refused_is_not_quoted(eu: CellContext, log: Log) -> None:
    email = f"maria-{uuid7()}@example.com"
    User.objects.create(email=email, password="!")
    try:
        User.objects.create(email=email, password="!")
    except IntegrityError:
        log.logger.exception("couldn't keep the user")
    line = log.line()
    assert "IntegrityError" in line["exception"]
    assert "maria" not in json.dumps(line)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("mail to Maria.Rossi+x@mail.example.co.at bounced", "mail to [redacted] bounced"),
        ("DETAIL:  Key (iban)=(AT61 1904 3002) already exists.", "DETAIL: [redacted]"),
        ("Key (name)=(Rossi (Maria)) already exists.", "Key (name)=([redacted]) already exists."),
        ("Failing row contains (1, Rossi, null).", "Failing row contains ([redacted])."),
        ("redis://:s3cret@127.0.0.1:6379/0", "redis://:[redacted]@127.0.0.1:6379/0"),
        ("postgresql://app:s3cret@db/crm", "postgresql://app:[redacted]@db/crm"),  # pragma: allowlist secret
        ("Authorization: Bearer abcdef0123456789", "Authorization: Bearer [redacted]"),
        ("password='hunter2' host=db", "password='[redacted]' host=db"),
        ("secret whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw found", "secret [redacted] found"),
        ("deposit 0198e0a2-6d3c-7d2f-8a52-5b1f9d1c0c11 settled: 12.34 EUR", None),
        ("3 @ 1.0842", None),
    ],
)
def test_texts_lose_what_names_a_person_or_opens_a_door(text: str, left: str | None) -> None:
    assert redacted_text(text) == (text if left is None else left)


@pytest.mark.parametrize("pattern", [pattern for pattern, _ in redaction._TEXTS])
@given(drawn=strategies.data())
def test_nothing_that_is_to_be_blanked_is_passed_over_for_speed(
    pattern: re.Pattern[str], drawn: strategies.DataObject
) -> None:
    text = drawn.draw(strategies.from_regex(pattern))
    assert redaction._NEEDED.search(text)


def test_numbers_and_flags_stay_what_they_are() -> None:
    assert redacted({"status": 200, "ok": True, "ms": 1.5, "cell": None}) == {
        "status": 200,
        "ok": True,
        "ms": 1.5,
        "cell": None,
    }


def test_the_configuration_for_a_service_can_be_loaded_and_keeps_statements_out() -> None:
    before = logging.getLogger().handlers[:]
    try:
        logging.config.dictConfig(logging_configuration(service="worker"))
        (handler,) = logging.getLogger().handlers
        assert isinstance(handler.formatter, RedactingJsonFormatter)
        assert not logging.getLogger("django.db.backends").isEnabledFor(logging.DEBUG)
        assert logging.getLogger("fintech").isEnabledFor(logging.INFO)
    finally:
        logging.getLogger().handlers[:] = before
