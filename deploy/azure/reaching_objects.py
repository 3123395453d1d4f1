"""What a command may do with the cell's blobs: get and put, never delete."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from uuid import NAMESPACE_DNS, uuid5

from azure.mgmt.authorization import models as authorization

from deploy.azure.cluster import allow
from deploy.azure.names import VERSIONS, Names
from deploy.azure.template import Reference, Template, made
from deploy.definition import Command, Definition
from deploy.definition.services import Objects as Kind

# Azure's own role that reads blobs, lists them, and sees how their container is locked.
READS_BLOBS: Final = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
_BLOBS: Final = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
# Its own role that writes also deletes. Anchors may be added alone: what stands there can't be written over.
PUTS: Final[Mapping[Kind, tuple[str, ...]]] = MappingProxyType(
    {"documents": (f"{_BLOBS}/write", f"{_BLOBS}/add/action"), "anchors": (f"{_BLOBS}/add/action",)}
)


def add_reach(
    template: Template,
    names: Names,
    definition: Definition,
    identities: Mapping[str, Reference],
    containers: Mapping[Kind, Reference],
) -> None:
    """Lets each command's identity read and write the containers that it declares."""
    commands: Mapping[str, Command] = {**definition.services, **definition.tasks}
    for kind, container in containers.items():
        puts = _add_role(template, names, kind)
        for command in commands.values():
            if kind in command.reads:
                allow(template, identities[command.name], READS_BLOBS, container)
            if kind in command.writes:
                allow(template, identities[command.name], puts.name, container, after=[puts, container])


def _add_role(template: Template, names: Names, kind: Kind) -> Reference:
    """A role of ours, which is given in this group of resources alone."""
    role = Reference("Microsoft.Authorization/roleDefinitions", str(uuid5(NAMESPACE_DNS, f"{names.stack}.{kind}")))
    model = made(
        authorization.RoleDefinition,
        role_name=f"{names.stack} puts {kind}",
        description=f"Puts {kind} into their container, and deletes none",
        role_type="CustomRole",
        permissions=[made(authorization.Permission, actions=[], data_actions=list(PUTS[kind]))],
        assignable_scopes=["[resourceGroup().id]"],
    )
    return template.add(role, VERSIONS["Microsoft.Authorization"], model)
