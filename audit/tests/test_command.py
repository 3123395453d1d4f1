"""`manage.py audit`, as an operator or a regulator calls it."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from audit.keys import signing_key
from audit.rules.checkpoint import SigningKey, VerifierKey
from audit.tests.logs import Log, Superuser


def audit(*arguments: str) -> str:
    output = io.StringIO()
    call_command("audit", *arguments, "--cell", "eu", stdout=output)
    return output.getvalue()


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_verify_tells_what_it_found_right(log: Log) -> None:
    log.with_checkpoints().grow(2)
    text = audit("verify", "--sources")
    assert "eu: the audit log audit.localhost/eu verifies" in text
    assert "32 recomputed of 32, without a gap" in text
    assert "3 equal to their anchors" in text
    assert "2 entries that no checkpoint covers yet" in text
    assert "crm.fact: 32 rows, none missing, extra or different" in text
    assert "entries a second" in text


def test_verify_answers_programs_in_json(signed_log: Log) -> None:
    (answer,) = objects(audit("verify", "--json", "--from-anchor", "10"))
    assert (answer["cell"], answer["ok"], answer["size"], answer["first"]) == ("eu", True, 30, 10)
    assert answer["sources"] is None


def test_verify_fails_and_says_precisely_what_isnt_so(signed_log: Log, ruler: Superuser) -> None:
    ruler.rewrite_bytes(13, hashes=True)
    with pytest.raises(CommandError, match="root-differs: the entries 10 to 19") as failed:
        audit("verify")
    assert failed.value.returncode == 1
    output = io.StringIO()
    with pytest.raises(CommandError):
        call_command("audit", "verify", "--json", "--cell", "eu", stdout=output)
    (answer,) = objects(output.getvalue())
    assert (answer["ok"], answer["code"], answer["checkpoint"]) == (False, "root-differs", 20)


def test_verify_trusts_the_key_that_it_is_given_and_no_other(signed_log: Log) -> None:
    key = audit("key").strip()
    assert VerifierKey.parse(key) == signing_key().verifier
    assert "verifies" in audit("verify", "--key", key)
    other = SigningKey.from_seed(name="audit.localhost/eu", seed="A" * 43 + "=").verifier
    with pytest.raises(CommandError, match="note-rejected"):
        audit("verify", "--key", str(other))
    assert "verifies" in audit("verify", "--key", str(other), "--key", key)
    with pytest.raises(CommandError, match="--key: a verifier key is"):
        audit("verify", "--key", "nonsense")


def test_checkpoint_covers_the_log_at_once(log: Log) -> None:
    log.grow(3)
    (answer,) = objects(audit("checkpoint", "--json"))
    assert [taken["size"] for taken in answer["taken"]] == [3]
    assert "nothing new to sign" in audit("checkpoint")


def test_checkpoint_fails_where_the_log_isnt_what_it_was(log: Log, superuser: Superuser) -> None:
    log.grow(3)
    superuser.execute("DELETE FROM audit_entry WHERE number = 1")
    with pytest.raises(CommandError, match="nothing was signed: entry 1 is missing"):
        audit("checkpoint")


def test_partitions_are_made_and_named(log: Log) -> None:
    assert "all partitions are there" in audit("partitions")
    assert audit("partitions", "--months", "4").startswith("eu: audit_entry_20")
    with pytest.raises(CommandError, match="0 to 24"):
        audit("partitions", "--months", "25")


def test_a_cell_that_isnt_served_is_named() -> None:
    with pytest.raises(CommandError, match="'xx' isn't served here"):
        call_command("audit", "key", "--cell", "xx")
