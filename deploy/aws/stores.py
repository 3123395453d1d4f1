"""A cell's stores in its own region: cluster, cache, documents, anchors, secrets, and the keys that they are under."""

from __future__ import annotations

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from deploy.aws.backups import Backups
from deploy.aws.cache import Cache
from deploy.aws.cluster import PORT, Cluster
from deploy.aws.copies import Copies
from deploy.aws.images import Images
from deploy.aws.network import Network
from deploy.aws.objects import Objects, bucket_names
from deploy.aws.paging import Paging
from deploy.aws.rotation import DATABASE, Rotation
from deploy.aws.told import Told
from deploy.definition import CellPlace, Definition

PASSWORD_LENGTH = 48


class Stores(cdk.Stack):
    """The stack of a cell's stores. Nothing in it is ever deleted by CloudFormation."""

    def __init__(self, scope: Construct, name: str, *, told: Told, backups: Backups) -> None:
        cell, definition = told.cell, told.definition
        super().__init__(
            scope,
            name,
            env=cdk.Environment(account=cell.account, region=cell.region),
            cross_region_references=True,
            termination_protection=True,
        )
        self.prefix = told.prefix
        self.logs_key = self._key("LogsKey", "logs")
        self.logs_key.grant_encrypt_decrypt(iam.ServicePrincipal(f"logs.{cell.region}.amazonaws.com"))
        self.secrets_key = self._key("SecretsKey", "secrets")
        self.network = Network(self, "Network", cell=cell, key=self.logs_key)
        self._other_region = []
        if cell.backup_region != cell.region:
            other = secretsmanager.ReplicaRegion(region=cell.backup_region, encryption_key=backups.key)
            self._other_region.append(other)
        self.secrets = self._random_secrets(definition, self.secrets_key)
        self.cluster = self._cluster(told, backups)
        self.cache = self._cache(cell)
        self.secrets |= self._passwords(definition, self.secrets_key)
        self._rotate(definition)
        names = bucket_names(told.dashed, cell, cell.region)
        self.objects = Objects(self, "Objects", names=names, key=self._key("ObjectsKey", "documents and anchors"))
        self.copied_to = {} if backups.objects is None else backups.objects.names
        if backups.objects is not None:
            where = {"key": backups.key, "region": cell.backup_region}
            Copies(self, "Copies", of=self.prefix, objects=self.objects, to=backups.objects, **where)
        self.paging = Paging(self, "Paging", prefix=self.prefix, key=self._key("PagingKey", "alarms on their way"))
        self.images = Images(self, "Images", of=told.dashed, key=self._key("ImagesKey", "images"))

    def _cluster(self, told: Told, backups: Backups) -> Cluster:
        return Cluster(
            self,
            "Cluster",
            cell=told.cell,
            network=self.network,
            key=self._key("DatabaseKey", "the database"),
            secrets_key=self.secrets_key,
            secret_name=f"{self.prefix}/database/postgres",
            identifier=told.dashed,
            backup_key=backups.key,
        )

    def _cache(self, cell: CellPlace) -> Cache:
        password, key = self.secrets["valkey/password"], self._key("CacheKey", "the cache")
        return Cache(self, "Cache", cell=cell, network=self.network, key=key, password=password)

    def _rotate(self, definition: Definition) -> None:
        Rotation(
            self,
            "Rotation",
            prefix=self.prefix,
            definition=definition,
            network=self.network,
            secrets=self.secrets,
            superuser=self.cluster.superuser,
            nodes=self.cache.nodes,
            log_key=self.logs_key,
            secrets_key=self.secrets_key,
        )

    def _random_secrets(self, definition: Definition, key: kms.IKey) -> dict[str, secretsmanager.Secret]:
        """Those that are rotated and not PostgreSQL's; for those that are not rotated, their places."""
        made = {}
        for secret in definition.secrets.values():
            if secret.rotate_days is None:
                self._place_for_a_secret(secret.name, key)
            elif not secret.name.startswith(DATABASE):
                made[secret.name] = self._secret(secret.name, key)
        return made

    def _passwords(self, definition: Definition, key: kms.IKey) -> dict[str, secretsmanager.Secret]:
        """The roles', in the form that AWS's own rotation of PostgreSQL reads."""
        made = {}
        for database in definition.databases.values():
            for role in (database.owner, *database.roles):
                told = {
                    "engine": "postgres",
                    "host": self.cluster.primary.db_instance_endpoint_address,
                    "port": PORT,
                    "dbname": database.name,
                    "username": role,
                    "ssl": True,
                }
                made[f"{DATABASE}{role}"] = self._secret(f"{DATABASE}{role}", key, told)
        return made

    def _key(self, name: str, of: str) -> kms.Key:
        return kms.Key(
            self,
            name,
            description=f"{self.prefix}: {of}",
            enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )

    def _place_for_a_secret(self, name: str, key: kms.IKey) -> None:
        """A secret without a value: a key of a certain form, or a provider's; a person puts it in, once."""
        replicas = [
            secretsmanager.CfnSecret.ReplicaRegionProperty(region=other.region, kms_key_id=other.encryption_key.key_arn)
            for other in self._other_region
        ]
        secretsmanager.CfnSecret(
            self,
            f"Place{_words(name)}",
            name=f"{self.prefix}/{name}",
            kms_key_id=key.key_arn,
            replica_regions=replicas or None,
        ).apply_removal_policy(cdk.RemovalPolicy.RETAIN)

    def _secret(self, name: str, key: kms.IKey, told: Mapping[str, object] | None = None) -> secretsmanager.Secret:
        return secretsmanager.Secret(
            self,
            f"Secret{_words(name)}",
            secret_name=f"{self.prefix}/{name}",
            encryption_key=key,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=PASSWORD_LENGTH,
                exclude_punctuation=True,
                secret_string_template=None if told is None else self.to_json_string(dict(told)),
                generate_string_key=None if told is None else "password",
            ),
            replica_regions=self._other_region or None,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )


def _words(name: str) -> str:
    return "".join(part.capitalize() for part in name.replace("/", "-").replace("_", "-").split("-"))
