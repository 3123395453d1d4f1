"""Staff are made by command, with the rights of their groups; the demo's staff are there once."""

from __future__ import annotations

import io
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command

from crm import demo_data
from crm.models import User
from crm.tests.portal import PASSWORD
from fintech.cells import Actor, cell
from fintech.factlog.reading import read_subject

pytestmark = pytest.mark.usefixtures("both_cells")


def create(email: str, *, password: str = PASSWORD, group: str = "compliance") -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
        call_command("staff", "create", "--cell", "eu", "--email", email, "--group", group, "--password-stdin")


def test_the_command_makes_a_staff_member(capsys: pytest.CaptureFixture[str]) -> None:
    create(f"k.{uuid4().hex[:8]}@example.com")
    user_id = UUID(capsys.readouterr().out.strip())
    with cell("eu", actor=Actor.system("test")):
        user = User.objects.get(pk=user_id)
        assert user.check_password(PASSWORD)
        assert user.is_staff
        assert not user.is_superuser
        (created,) = read_subject("crm", ("user", str(user_id)), after_seq=0, limit=10)
        assert (created.kind, created.data["groups"]) == ("crm.staff.created", ["compliance"])


def test_an_address_is_given_once_and_a_weak_password_refused() -> None:
    email = f"k.{uuid4().hex[:8]}@example.com"
    with pytest.raises(CommandError, match="too short"):
        create(email, password="short")
    create(email)
    with pytest.raises(CommandError, match="already"):
        create(email.upper())


@pytest.mark.parametrize(
    ("group", "may", "may_not"),
    [
        ("compliance", "crm.decide_identity_case", "crm.delete_client"),
        ("compliance", "crm.read_document", "auth.change_group"),
        ("support", "crm.read_client", "crm.decide_identity_case"),
        ("payments", "crm.view_client", "crm.read_client"),
        ("dealing", "crm.view_client", "crm.change_standing"),
    ],
)
def test_groups_have_their_rights_and_no_others(group: str, may: str, may_not: str) -> None:
    email = f"k.{uuid4().hex[:8]}@example.com"
    create(email, group=group)
    with cell("eu", actor=Actor.system("test")):
        user = User.objects.get(email=email)
        assert user.has_perm(may)
        assert not user.has_perm(may_not)


def test_demo_data_is_loaded_once() -> None:
    with cell("eu", actor=Actor.system("test")):
        list(demo_data.load())
        assert list(demo_data.load()) == []
        assert User.objects.get(email="payments-1@eu.example.com").check_password(demo_data.PASSWORD)
