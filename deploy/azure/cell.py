"""One cell on Azure: everything of it stands in one group of resources, in its jurisdiction's region."""

from __future__ import annotations

from typing import Any

from deploy.azure.alerts import add_alerts
from deploy.azure.cache import add_cache
from deploy.azure.cluster import add_cluster, add_identities
from deploy.azure.database import add_database
from deploy.azure.front import add_front
from deploy.azure.names import Names
from deploy.azure.network import add_network
from deploy.azure.objects import add_objects
from deploy.azure.reaching_objects import add_reach
from deploy.azure.template import Template
from deploy.azure.vault import add_vault
from deploy.definition import Definition


def cell_template(names: Names, definition: Definition) -> dict[str, Any]:
    """The cell's template."""
    template = Template({"environment": names.environment.name, "cell": names.cell.name})
    network = add_network(template, names)
    add_database(template, names, network)
    add_cache(template, names, network)
    containers = add_objects(template, names, network)
    vault = add_vault(template, names, network)
    cluster = add_cluster(template, names, network)
    identities = add_identities(template, names, definition, cluster, vault)
    add_reach(template, names, definition, identities, containers)
    add_front(template, names, definition)
    add_alerts(template, names, cluster)
    return template.rendered()
