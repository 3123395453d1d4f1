"""A person's data stand in clear nowhere but where they can be erased."""

from __future__ import annotations

import json
import re
from importlib import import_module

import pytest
from django.conf import settings
from django.contrib.sessions.backends import db
from django.core.cache import cache
from django.db import connections

from crm.models import Client
from crm.tests.portal import PNG, App, BackOffice, answers
from fintech.cells import Actor, cell
from fintech.privacy.keys import forget_cached_keys

pytestmark = pytest.mark.usefixtures("both_cells")

# Where a person's data may stand in clear: live rows, which are erased with the person.
LIVE = {"crm_user", "account_emailaddress", "django_session", "usersessions_usersession"}


def test_no_log_table_holds_name_address_birth_date_or_document_in_clear() -> None:
    app = App(email="giuseppina.quattrocchi@example.com")
    app.sign_up(full_name="Giuseppina Quattrocchi", address="Via Lepanto 4711", phone="+39 02 8675309")
    app.confirm_email()
    app.call("PATCH", "/api/v1/profile", {"address": "Vicolo Bellavista 4712"})
    app.post("appropriateness-tests", answers(app))
    case_id = app.post("identity-cases").json()["id"]
    app.upload(case_id, PNG.replace(b"\0" * 64, b"Quattrocchi".ljust(64, b"\0")))
    app.post(f"identity-cases/{case_id}/submit")
    BackOffice("compliance").get(f"crm/client/{app.client_id}/change/")
    app.sign_in()
    clear = re.compile(r"quattrocchi|lepanto|bellavista|8675309|1985-04-12", re.IGNORECASE)
    with cell("eu", actor=Actor.system("test")):
        found = {table for table, row in _rows() if clear.search(row)}
        cached = _cached()
    assert found <= LIVE
    assert cached
    assert not [text for text in cached if clear.search(text)]


def _cached() -> list[str]:
    """All that the cell's cache and its queues hold, whatever its type: each key with its value."""
    client = cache.client.get_client()
    read = {
        b"string": client.get,
        b"list": lambda key: client.lrange(key, 0, -1),
        b"set": client.smembers,
        b"hash": client.hgetall,
        b"zset": lambda key: client.zrange(key, 0, -1, withscores=True),
        b"stream": client.xrange,
    }
    return [f"{key} {read[kind](key)}" for key in client.keys("eu[:.]*") if (kind := client.type(key)) != b"none"]


def _rows() -> list[tuple[str, str]]:
    with connections["eu_crm"].cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
        )
        tables = [name for (name,) in cursor.fetchall()]
        rows = []
        for table in tables:
            cursor.execute(f'SELECT to_jsonb(t)::text FROM "{table}" t')
            rows += [(table, _readable(text)) for (text,) in cursor.fetchall()]
    return rows


def _readable(text: str) -> str:
    """A row with its binary columns as text, too: bytes in hexadecimal would hide a clear name."""
    hidden = "".join(
        bytes.fromhex(value[2:]).decode("latin-1")
        for value in json.loads(text).values()
        if isinstance(value, str) and re.fullmatch(r"\\x([0-9a-f]{2})*", value)
    )
    return text + hidden


def test_personal_data_of_another_cell_does_not_open_here() -> None:
    from fintech.privacy.errors import Unreadable
    from fintech.privacy.sealing import unseal

    app = App().registered()
    with cell("eu", actor=Actor.system("test")):
        sealed = Client.objects.get(pk=app.client_id).full_name_sealed
        assert unseal("crm", sealed) == "Maria Rossi"
    forget_cached_keys()
    with cell("au", actor=Actor.system("test")), pytest.raises(Unreadable):
        unseal("crm", sealed)


def test_sessions_stand_in_the_database() -> None:
    assert issubclass(import_module(settings.SESSION_ENGINE).SessionStore, db.SessionStore)
