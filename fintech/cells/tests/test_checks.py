"""What would let data leave its concern, its cell or its region stops the start."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.core.checks import CheckMessage
from django.db import models
from django.test.utils import isolate_apps

from crm.models import User
from fintech.cells.checks import every_model_has_a_concern, no_relation_crosses_concerns, stores_stand_in_their_region
from fintech.cells.router import concerns_of
from fintech.cells.topology import Endpoint, served_cells


class AppWith:
    """An app as Django's checks see it: something that has models."""

    def __init__(self, *found: type[models.Model]) -> None:
        self.found = found

    def get_models(self, include_auto_created: bool = False) -> tuple[type[models.Model], ...]:
        return self.found


@pytest.fixture
def isolated() -> Iterator[None]:
    """Models made in the test are known to nobody else."""
    with isolate_apps("payments", "crm"):
        yield


def model_of(app_label: str, **members: Any) -> type[models.Model]:
    meta = type("Meta", (), {"app_label": app_label})
    return type("Thing", (models.Model,), {"__module__": __name__, "Meta": meta, **members})


def found(messages: list[CheckMessage]) -> list[tuple[str, str]]:
    return [(str(message.id), message.msg) for message in messages]


def test_the_product_as_it_stands_passes() -> None:
    assert every_model_has_a_concern(None) == []
    assert no_relation_crosses_concerns(None) == []
    assert stores_stand_in_their_region(None) == []


def test_a_model_without_a_concern_is_refused(isolated: None) -> None:
    homeless = model_of("rest_framework")
    assert concerns_of("rest_framework") == ()
    assert found(every_model_has_a_concern([AppWith(homeless)])) == [  # type: ignore[list-item]
        ("cells.E001", "rest_framework.Thing belongs to no concern.")
    ]


@pytest.mark.parametrize("relation", [models.ForeignKey, models.OneToOneField])
def test_a_relation_to_another_concern_is_refused(isolated: None, relation: Any) -> None:
    crossing = model_of("payments", client=relation(User, on_delete=models.PROTECT, related_name="+"))
    assert found(no_relation_crosses_concerns([AppWith(crossing)])) == [  # type: ignore[list-item]
        ("cells.E002", "payments.Thing.client points from ('payments',) to ('crm',).")
    ]


def test_a_relation_to_many_of_another_concern_is_refused(isolated: None) -> None:
    crossing = model_of("payments", clients=models.ManyToManyField(User, related_name="+"))
    assert ("cells.E002", "payments.Thing.clients points from ('payments',) to ('crm',).") in found(
        no_relation_crosses_concerns([AppWith(crossing)])  # type: ignore[list-item]
    )


@pytest.mark.parametrize("role", ["primary", "replica"])
def test_a_store_outside_the_region_of_its_jurisdiction_is_refused(settings: Any, role: str) -> None:
    served = served_cells()["au"]
    moved = replace(served, **{role: Endpoint("127.0.0.1", 5432, "eu-central-1")})
    settings.FINTECH_SERVED_CELLS = {"au": moved}
    ((identifier, message),) = found(stores_stand_in_their_region(None))
    assert identifier == "cells.E003"
    assert message.startswith(f"The {role} of cell 'au' stands in 'eu-central-1'")
