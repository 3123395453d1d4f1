"""A cell's Redis, by Azure: two nodes in different zones, by TLS and key only."""

from __future__ import annotations

from azure.mgmt.redisenterprise import models as redis

from deploy.azure.names import CACHE_PORT, VERSIONS, Names
from deploy.azure.network import Network, add_endpoint
from deploy.azure.template import Reference, Template, made


def add_cache(template: Template, names: Names, network: Network) -> Reference:
    """The nodes, their one database and their address in the cell's network."""
    version = VERSIONS["Microsoft.Cache"]
    cluster = template.add(Reference("Microsoft.Cache/redisEnterprise", names.cache), version, _nodes(names))
    template.add(cluster.part("databases", "default"), version, _database(), after=[cluster])
    add_endpoint(template, names, network, cluster, "redisEnterprise")
    return cluster


def _nodes(names: Names) -> redis.Cluster:
    return made(
        redis.Cluster,
        location=names.cell.region,
        sku=made(redis.Sku, name=redis.SkuName(names.cell.size.cache_class).value),
        high_availability="Enabled",
        minimum_tls_version="1.2",
        public_network_access="Disabled",
    )


def _database() -> redis.Database:
    """One shard: Celery's transport takes from several queues in one command, whose keys stand in different slots."""
    return made(
        redis.Database,
        client_protocol="Encrypted",
        port=CACHE_PORT,
        clustering_policy="NoCluster",
        eviction_policy="NoEviction",
        access_keys_authentication="Enabled",
        persistence=made(redis.Persistence, aof_enabled=True, aof_frequency="1s", rdb_enabled=False),
    )
