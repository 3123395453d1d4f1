"""The CDK's app: `CDK_OUTDIR=… python -m deploy.aws.app` synthesises each environment's cells that stand on AWS.

No account is asked anything: regions, zones and accounts stand in deploy/environments.
"""

from __future__ import annotations

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks, PCIDSS321Checks

from deploy.aws.alarms import Alarms
from deploy.aws.backups import Backups
from deploy.aws.failover import Failover
from deploy.aws.guard import Guard
from deploy.aws.names import Names
from deploy.aws.pipeline import PipelineRoles
from deploy.aws.services import Services
from deploy.aws.standby import Standby
from deploy.aws.stores import Stores
from deploy.aws.told import Told
from deploy.definition import read_alerts, read_environments, read_services
from deploy.definition.pipeline import read_pipeline

# Ways of the CDK that are off unless asked for: access logs by a bucket's policy, no custom resource for two groups.
FLAGS = ("@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy", "@aws-cdk/aws-iam:minimizePolicies")


def main() -> None:
    """Synthesise the templates of all environments."""
    app = cdk.App(analytics_reporting=False, context=dict.fromkeys(FLAGS, True))
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    cdk.Validations.of(app).add_plugins(PCIDSS321Checks(app))
    definition, alerts, pipeline = read_services(), read_alerts(), read_pipeline()
    believing: dict[str, PipelineRoles] = {}
    for environment in read_environments().values():
        for cell in environment.cells.values():
            if cell.cloud == "aws":
                told = Told(environment=environment, cell=cell, definition=definition, alerts=alerts, pipeline=pipeline)
                _cell(app, told, believing)
    app.synth()


def _cell(app: cdk.App, told: Told, believing: dict[str, PipelineRoles]) -> None:
    """The stacks of one cell, in its own region and in the one that backs it up.

    Whom an account believes is said once in it: by the first of its cells, which `believing` remembers.
    """
    name = told.dashed
    roles = PipelineRoles(app, f"{name}-pipeline", told=told, provides=told.cell.account not in believing)
    roles_of_account = believing.setdefault(told.cell.account, roles)
    backups = Backups(app, f"{name}-backups", told=told)
    stores = Stores(app, f"{name}-stores", told=told, backups=backups)
    services = Services(app, f"{name}-services", told=told, stores=stores)
    alarms = Alarms(app, f"{name}-alarms", told=told, stores=stores, services=services)
    stacks = [backups, stores, services, alarms, Guard(app, f"{name}-guard", told=told, stores=stores), roles]
    if told.cell.backup_region != told.cell.region:
        stacks += _standby(app, told, backups, stores, services)
    if roles is not roles_of_account:
        roles.add_dependency(roles_of_account)
    for stack in stacks:
        cdk.Tags.of(stack).add("environment", told.environment.name)
        cdk.Tags.of(stack).add("cell", told.cell.name)


def _standby(app: cdk.App, told: Told, backups: Backups, stores: Stores, here: Services) -> list[cdk.Stack]:
    """What waits in the other region, how it takes over, and the names that lead to the one that serves."""
    name = told.dashed
    standby = Standby(app, f"{name}-standby", told=told, backups=backups)
    # It follows the cell's primary, which must be there.
    standby.add_dependency(stores)
    there = Services(app, f"{name}-standby-services", told=told, stores=standby, desired=0)
    failover = Failover(app, f"{name}-failover", told=told)
    names = Names(app, f"{name}-names", told=told, here=here, there=there)
    return [standby, there, failover, names]


if __name__ == "__main__":
    main()
