"""Every column says what it holds; what isn't declared, or is declared falsely, stops the start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage
from django.core.exceptions import FieldError
from django.db import models
from django.test.utils import isolate_apps, override_settings

from fintech.cells.identifiers import uuid7
from fintech.privacy.checks import (
    declaration_errors,
    every_column_is_declared,
    third_party_declarations_are_well_formed,
)
from fintech.privacy.declarations import Columns, Undeclared, declared_columns
from fintech.privacy.envelope import Envelope, NotSealed
from fintech.privacy.fields import SealedField
from fintech.privacy.retention import RetentionClass
from fintech.privacy.third_party import THIRD_PARTY_COLUMNS


@pytest.fixture
def isolated() -> Iterator[None]:
    """Models made in the test are known to nobody else."""
    with isolate_apps("fintech.privacy"):
        yield


def model_with(columns: Columns | None = None, **fields: Any) -> type[models.Model]:
    """A model as an app would write it."""
    meta = type("Meta", (), {"app_label": "privacy"})
    members = {"__module__": __name__, "Meta": meta, **fields, **({"columns": columns} if columns else {})}
    return type("Person", (models.Model,), members)


def found(errors: list[CheckMessage]) -> list[tuple[str, str]]:
    return [(str(error.id), error.msg) for error in errors]


def sealed(retention: RetentionClass = RetentionClass.IDENTITY) -> bytes:
    return Envelope(person_id=uuid7(), retention=retention, nonce=bytes(12), ciphertext=bytes(20)).to_bytes()


def test_the_product_as_it_stands_declares_every_column() -> None:
    assert every_column_is_declared(None) == []
    assert third_party_declarations_are_well_formed(None) == []


def test_a_model_without_a_declaration_is_refused(isolated: None) -> None:
    undeclared = model_with()
    (error,) = declaration_errors(undeclared)
    assert error.id == "privacy.E001"
    assert "Columns(plain=" in str(error.hint)
    with pytest.raises(Undeclared):
        declared_columns(undeclared)


def test_an_undeclared_and_an_unknown_column_are_named_by_their_database_names(isolated: None) -> None:
    person = model_with(
        Columns(plain=("id", "parent", "born_on")),
        parent=models.ForeignKey("self", on_delete=models.CASCADE),
        name=models.TextField(db_column="full_name"),
    )
    assert found(declaration_errors(person)) == [
        ("privacy.E002", "Column 'full_name' of privacy.Person isn't declared."),
        ("privacy.E002", "Column 'parent_id' of privacy.Person isn't declared."),
        ("privacy.E003", "Column 'born_on' of privacy.Person is declared, but the table has no such column."),
        ("privacy.E003", "Column 'parent' of privacy.Person is declared, but the table has no such column."),
    ]


def test_sealed_columns_take_sealed_bytes_only_and_are_declared_sealed(isolated: None) -> None:
    person = model_with(
        Columns(plain=("id", "name_sealed"), sealed=("city_sealed",)),
        name_sealed=SealedField(),
        city_sealed=models.BinaryField(),
    )
    assert [error.id for error in declaration_errors(person)] == ["privacy.E004", "privacy.E004"]


@pytest.mark.parametrize(
    "declare",
    [
        lambda: Columns(plain=("id", "id")),
        lambda: Columns(plain=("id",), never=("id",)),
        lambda: Columns(never=("password",)),
        lambda: Columns(plain="id"),  # type: ignore[arg-type]
    ],
    ids=["twice", "twice in two groups", "captured with nothing to capture", "a text for a tuple"],
)
def test_a_declaration_that_contradicts_itself_cannot_be_made(declare: object) -> None:
    with pytest.raises(ValueError, match=r"declared twice|nothing is left|one string"):
        declare()  # type: ignore[operator]


def test_a_third_party_model_goes_into_no_log() -> None:
    declared = declared_columns(apps.get_model("sessions.Session"))
    assert set(declared.never) == {"session_key", "session_data", "expire_date"}
    assert declared.logged == ()
    assert not declared.captured


def test_one_model_of_a_third_party_may_be_declared_by_itself() -> None:
    own = Columns(plain=("id", "name"))
    with override_settings(FINTECH_THIRD_PARTY_COLUMNS={"auth": "never", "auth.Group": own}):
        assert declared_columns(apps.get_model("auth.Group")) is own
        assert not declared_columns(apps.get_model("auth.Permission")).captured


def test_third_party_declarations_name_what_is_there() -> None:
    wrong = {
        **settings.FINTECH_THIRD_PARTY_COLUMNS,
        "absent": "never",
        "auth": "sometimes",
        "admin": Columns(plain=("id",)),
    }
    with override_settings(FINTECH_THIRD_PARTY_COLUMNS=wrong):
        errors = third_party_declarations_are_well_formed(None)
    assert sorted(str(error.id) for error in errors) == ["privacy.E005", "privacy.E005", "privacy.E006"]
    assert set(THIRD_PARTY_COLUMNS.values()) == {"never"}


@pytest.fixture
def field(isolated: None) -> SealedField:
    person = model_with(name_sealed=SealedField(retention="identity", null=True))
    return person._meta.get_field("name_sealed")


def test_a_sealed_field_takes_what_was_sealed_for_its_class_or_nothing(field: SealedField) -> None:
    value = sealed()
    assert field.get_prep_value(value) == value
    assert field.get_prep_value(None) is None


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("Maria", TypeError),
        (b"", NotSealed),
        (b"Maria Rossi, born in Turin, living in Vienna since 1998", NotSealed),
        (b"\x01\x01" + bytes(20), NotSealed),
        (b"\x01\x09" + bytes(60), NotSealed),
        (b"\x02\x01" + bytes(60), NotSealed),
        (sealed(RetentionClass.PAYMENTS), NotSealed),
    ],
    ids=["text", "nothing", "clear bytes", "too short", "unknown class", "unknown version", "another class"],
)
def test_a_sealed_field_takes_nothing_else_and_does_not_repeat_it(
    field: SealedField, value: object, error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        field.get_prep_value(value)
    assert "Maria" not in str(caught.value)


def test_a_sealed_field_is_compared_with_nothing(field: SealedField) -> None:
    with pytest.raises(FieldError, match="blind index"):
        field.model._default_manager.filter(name_sealed=sealed())
    field.model._default_manager.filter(name_sealed__isnull=True)


def test_a_sealed_fields_name_says_what_it_is(isolated: None) -> None:
    person = model_with(name=SealedField())
    assert "privacy.E010" in [error.id for error in person._meta.get_field("name").check()]


def test_a_migration_names_the_class_whose_key_opens_the_column(field: SealedField) -> None:
    assert field.deconstruct()[3]["retention"] == "identity"
