"""The CDK's app: `CDK_OUTDIR=… python -m deploy.aws.app` synthesises each environment's cells that stand on AWS.

No account is asked anything: regions, zones and accounts stand in deploy/environments.
"""

from __future__ import annotations

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks, PCIDSS321Checks

from deploy.aws.backups import Backups
from deploy.aws.services import Services
from deploy.aws.stores import Stores
from deploy.definition import CellPlace, Definition, Environment, read_alerts, read_environments, read_services

# Ways of the CDK that are off unless asked for: access logs by a bucket's policy, no custom resource for two groups.
FLAGS = ("@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy", "@aws-cdk/aws-iam:minimizePolicies")


def main() -> None:
    """Synthesise the templates of all environments."""
    app = cdk.App(analytics_reporting=False, context=dict.fromkeys(FLAGS, True))
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    cdk.Validations.of(app).add_plugins(PCIDSS321Checks(app))
    definition = read_services()
    for environment in read_environments().values():
        for cell in environment.cells.values():
            if cell.cloud == "aws":
                _cell(app, environment, cell, definition)
    app.synth()


def _cell(app: cdk.App, environment: Environment, cell: CellPlace, definition: Definition) -> None:
    name = f"{environment.name}-{cell.name}"
    backups = Backups(app, f"{name}-backups", cell=cell)
    stores = Stores(app, f"{name}-stores", environment=environment, cell=cell, definition=definition, backups=backups)
    services = Services(
        app,
        f"{name}-services",
        environment=environment,
        cell=cell,
        definition=definition,
        alerts=read_alerts(),
        stores=stores,
    )
    for stack in (backups, stores, services):
        cdk.Tags.of(stack).add("environment", environment.name)
        cdk.Tags.of(stack).add("cell", cell.name)


if __name__ == "__main__":
    main()
