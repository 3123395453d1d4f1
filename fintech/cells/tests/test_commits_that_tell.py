"""A commit that tells its position: where marks need it, in its own round trip. Its failures are told apart."""

from __future__ import annotations

import os
import socket
from typing import Any

import pytest
from django.db import OperationalError, connections, transaction
from django.test.utils import CaptureQueriesContext

from crm.models import User
from fintech.cells import CellContext
from fintech.cells.freshness import expect_marks
from fintech.cells.guarded_backend.base import POSITION
from fintech.cells.identifiers import uuid7

ALIAS = "eu_crm"


def position() -> int:
    """Up to where the primary has written."""
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(POSITION)
        (found,) = cursor.fetchone()
    return int(found)


def new_user() -> User:
    return User.objects.create(email=f"{uuid7()}@example.org", password="!")


def test_the_position_told_is_behind_what_was_committed(eu: CellContext) -> None:
    connection: Any = connections[ALIAS]
    with transaction.atomic(using=ALIAS):
        expect_marks(ALIAS)
        user = new_user()
        written = position()
    assert written < connection.committed_position <= position()
    assert User.objects.filter(pk=user.pk).exists()


def test_telling_costs_no_statement_of_its_own(eu: CellContext) -> None:
    with CaptureQueriesContext(connections[ALIAS]) as plain, transaction.atomic(using=ALIAS):
        new_user()
    with CaptureQueriesContext(connections[ALIAS]) as telling, transaction.atomic(using=ALIAS):
        expect_marks(ALIAS)
        new_user()
    assert len(telling) == len(plain)


def test_a_commit_that_isnt_asked_leaves_no_position_of_an_earlier_one(eu: CellContext) -> None:
    connection: Any = connections[ALIAS]
    with transaction.atomic(using=ALIAS):
        expect_marks(ALIAS)
        new_user()
    assert connection.committed_position is not None
    with transaction.atomic(using=ALIAS):
        new_user()
    assert connection.committed_position is None


def test_a_server_lost_at_the_commit_is_an_outage_and_nothing_else(eu: CellContext) -> None:
    connection: Any = connections[ALIAS]
    with pytest.raises(OperationalError), transaction.atomic(using=ALIAS):
        expect_marks(ALIAS)
        user = new_user()
        with socket.socket(fileno=os.dup(connection.connection.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)
    connection.close()
    assert not User.objects.filter(pk=user.pk).exists()


def test_an_empty_transaction_ends_without_a_word(eu: CellContext) -> None:
    connection: Any = connections[ALIAS]
    with transaction.atomic(using=ALIAS):
        expect_marks(ALIAS)
    assert connection.committed_position is None
