"""A cell on Azure stands where its jurisdiction's data may, and what can't be is refused by name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deploy.definition import DefinitionError, read_environment, read_environments, read_services
from deploy.definition.azure_place import PAIRS, REGIONS, lawful_regions
from deploy.definition.environments import FOLDER
from fintech.jurisdictions import jurisdictions
from fintech.secrets.vault_names import vault_name
from tests.deploy.test_definition import planted


def test_the_examples_are_read_and_every_command_has_an_identity_of_its_own() -> None:
    definition = read_services()
    for cell in read_environments(FOLDER / "azure")["production"].cells.values():
        assert cell.azure is not None
        assert set(cell.azure.identities) == {*definition.services, *definition.tasks}
        assert len(set(cell.azure.identities.values())) == len(cell.azure.identities)


def test_no_two_of_the_declared_secrets_share_a_name_in_a_vault() -> None:
    names = list(read_services().secrets)
    assert len({vault_name(name) for name in names}) == len(names)


def test_each_jurisdictions_region_has_its_place_on_azure() -> None:
    assert {law.region for law in jurisdictions().values()} <= set(REGIONS)
    assert set(REGIONS.values()) == set(PAIRS)


def test_what_the_law_keeps_in_one_region_is_not_copied() -> None:
    assert lawful_regions("eu-west-2", "eu-west-2") == ("uksouth", "uksouth")
    assert lawful_regions("eu-central-1", "eu-west-1") == ("germanywestcentral", "germanynorth")


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ('region = "germanywestcentral"', 'region = "eastus"', "cells.eu.region: is 'eastus', but eu.toml keeps"),
        ('region = "germanywestcentral"', 'region = "eu-central-1"', "cells.eu.region: is 'eu-central-1'"),
        ('backup_region = "germanynorth"', 'backup_region = "northeurope"', "cells.eu.backup_region: is 'northeurope'"),
        ('zones = ["1", "2", "3"]', 'zones = ["1", "4"]', "cells.eu.zones: holds '4'"),
        ('unique = "exmpl"', 'unique = "Ex-1"', "cells.eu.azure.unique: is 'Ex-1'; write four to eight"),
        ('tenant = "99999999-', 'tenant = "', "cells.eu.azure.tenant: is"),
        ('web = "aaaaaaaa-0000', 'wob = "aaaaaaaa-0000', "cells.eu.azure.identities.web: is missing"),
        ("[cells.eu.azure]\n", "[cells.eu.azur]\n", "cells.eu.azure.tenant: is missing"),
        ('cloud = "azure"', 'cloud = "aws"', "cells.eu.aws: is missing; write a table"),
    ],
)
def test_places_that_cannot_be_are_refused(tmp_path: Path, right: str, wrong: str, complaint: str) -> None:
    file = planted(FOLDER / "azure" / "production.toml", tmp_path, right, wrong)
    with pytest.raises(DefinitionError, match=re.escape(complaint)):
        read_environment(file, read_services())
