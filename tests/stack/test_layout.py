"""Ports, places and secrets of the local stack."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path

import pytest

from fintech.stack import local_secrets
from fintech.stack.layout import LocalLayout, cells_of


def layout(root: Path = Path("/nowhere"), base_port: int = 8000) -> LocalLayout:
    return LocalLayout(root=root, base_port=base_port, cell_names=("au", "eu", "sc", "uk"))


def test_a_cells_ports_follow_from_its_place_among_all_cells_whatever_is_active() -> None:
    assert (layout().primary_port("au"), layout().replica_port("au")) == (8110, 8111)
    assert (layout().primary_port("uk"), layout().replica_port("uk")) == (8140, 8141)


def test_one_knob_moves_every_port() -> None:
    moved = LocalLayout.from_environment({"FINTECH_BASE_PORT": "9000", "FINTECH_LOCAL_ROOT": "/somewhere"})
    assert (moved.port("web"), moved.port("valkey"), moved.primary_port("eu")) == (9000, 9100, 9120)
    assert moved.root == Path("/somewhere")


def test_no_two_things_share_a_port() -> None:
    plan = layout()
    engines = [port for cell in plan.cell_names for port in (plan.primary_port(cell), plan.replica_port(cell))]
    services = [plan.port(name) for name in ("web", "api", "ws", "psp", "smtp", "mail", "valkey")]
    doors = [plan.doors_port(position) for position in range(80)]
    assert len({*engines, *services, *doors}) == len(engines) + len(services) + len(doors)


@pytest.mark.parametrize("text", ["80", "65500", "eight"])
def test_a_base_port_that_cannot_work_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="FINTECH_BASE_PORT"):
        LocalLayout.from_environment({"FINTECH_BASE_PORT": text})


def test_a_cell_without_a_jurisdiction_file_is_refused_by_name() -> None:
    with pytest.raises(KeyError, match="'xx' has no file"):
        layout().primary_port("xx")


def test_cells_are_named_once_and_in_order() -> None:
    assert cells_of({}) == ("eu", "au")
    assert cells_of({"FINTECH_CELLS": "uk, eu,uk"}) == ("uk", "eu")


def test_a_secret_that_was_not_made_yet_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="stack up"):
        layout(tmp_path).secret("eu/database/crm_app")


def test_secrets_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    local_secrets.make_missing(layout(tmp_path).secrets_file, ["eu"])
    assert stat.S_IMODE(layout(tmp_path).secrets_file.stat().st_mode) == 0o600


def test_a_cell_added_later_gets_its_secrets_and_no_other_changes(tmp_path: Path) -> None:
    file = layout(tmp_path).secrets_file
    local_secrets.make_missing(file, ["eu"])
    before = json.loads(file.read_text())
    local_secrets.make_missing(file, ["eu", "uk"])
    after = json.loads(file.read_text())
    assert before.items() <= after.items()
    assert {name.split("/")[0] for name in after.keys() - before.keys()} == {"uk"}
    assert len(set(after.values())) == len(after), "no two secrets are equal"


def test_secrets_have_the_form_that_their_users_need(tmp_path: Path) -> None:
    local_secrets.make_missing(layout(tmp_path).secrets_file, ["eu"])
    secret = layout(tmp_path).secret
    assert len(base64.b64decode(secret("eu/kms/master-key"))) == 32
    assert len(base64.b64decode(secret("eu/audit/signing-key"))) == 32
    assert secret("eu/psp/sandbox/webhook-secret").startswith("whsec_")
    assert len(secret("eu/django/secret-key")) >= 50
