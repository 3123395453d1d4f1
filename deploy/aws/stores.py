"""A cell's stores in its own region: cluster, cache, documents, anchors, secrets, and the keys that they are under."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from deploy.aws.backups import Backups
from deploy.aws.cache import Cache
from deploy.aws.cluster import Cluster
from deploy.aws.files import Files
from deploy.aws.images import Images
from deploy.aws.network import Network
from deploy.aws.objects import Objects
from deploy.definition import CellPlace, Definition, Environment

PASSWORD_LENGTH = 48


class Stores(cdk.Stack):
    """The stack of a cell's stores. Nothing in it is ever deleted by CloudFormation."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        environment: Environment,
        cell: CellPlace,
        definition: Definition,
        backups: Backups,
    ) -> None:
        super().__init__(
            scope,
            name,
            env=cdk.Environment(account=cell.account, region=cell.region),
            cross_region_references=True,
            termination_protection=True,
        )
        self.prefix = f"{environment.name}/{cell.name}"
        self.logs_key = logs_key = self._key("LogsKey", "logs")
        logs_key.grant_encrypt_decrypt(iam.ServicePrincipal(f"logs.{cell.region}.amazonaws.com"))
        self.secrets_key = secrets_key = self._key("SecretsKey", "secrets")
        self.network = Network(self, "Network", cell=cell, key=logs_key)
        self.secrets = self._secrets(definition, secrets_key)
        self.cluster = Cluster(
            self,
            "Cluster",
            cell=cell,
            network=self.network,
            key=self._key("DatabaseKey", "the database"),
            secrets_key=secrets_key,
            secret_name=f"{self.prefix}/database/postgres",
            backup_key=backups.key,
        )
        self.cache = Cache(
            self,
            "Cache",
            cell=cell,
            network=self.network,
            key=self._key("CacheKey", "the cache"),
            password=self.secrets["valkey/password"],
        )
        Objects(self, "Objects", key=self._key("ObjectsKey", "documents and anchors"))
        self.files = Files(self, "Files", network=self.network, key=self._key("FilesKey", "folders"))
        self.images = Images(self, "Images", of=name.removesuffix("-stores"), key=self._key("ImagesKey", "images"))

    def _secrets(self, definition: Definition, key: kms.IKey) -> dict[str, secretsmanager.Secret]:
        """Those that are rotated, and for the others their places."""
        rotated = {
            secret.name: self._secret(secret.name, key)
            for secret in definition.secrets.values()
            if secret.rotate_days is not None
        }
        for name in sorted(definition.secrets.keys() - rotated.keys()):
            self._place_for_a_secret(name, key)
        return rotated

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
        secretsmanager.CfnSecret(
            self, f"Place{_words(name)}", name=f"{self.prefix}/{name}", kms_key_id=key.key_arn
        ).apply_removal_policy(cdk.RemovalPolicy.RETAIN)

    def _secret(self, name: str, key: kms.IKey) -> secretsmanager.Secret:
        return secretsmanager.Secret(
            self,
            f"Secret{_words(name)}",
            secret_name=f"{self.prefix}/{name}",
            encryption_key=key,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=PASSWORD_LENGTH, exclude_punctuation=True
            ),
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )


def _words(name: str) -> str:
    return "".join(part.capitalize() for part in name.replace("/", "-").replace("_", "-").split("-"))
