"""What watches over a cell's account: who did what, what was changed, what looks like an attack, what it costs."""

from __future__ import annotations

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_cloudtrail as cloudtrail
from aws_cdk import aws_config as config
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_guardduty as guardduty
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from deploy.aws.objects import private_bucket
from deploy.aws.stores import Stores
from deploy.aws.told import Told
from deploy.definition import CellPlace

KEPT_DAYS: Final = 7 * 366
# GuardDuty's own words for "high" begin here.
HIGH: Final = 7
FEATURES: Final = ("S3_DATA_EVENTS", "RDS_LOGIN_EVENTS", "LAMBDA_NETWORK_LOGS", "RUNTIME_MONITORING")
# What was changed by hand and may not be: asked by Config all the time, whoever changed it.
RULES: Final = (
    "CLOUD_TRAIL_ENABLED", "CLOUD_TRAIL_LOG_FILE_VALIDATION_ENABLED", "EFS_ENCRYPTED_CHECK", "RDS_STORAGE_ENCRYPTED",
    "RDS_INSTANCE_PUBLIC_ACCESS_CHECK", "RDS_MULTI_AZ_SUPPORT", "S3_BUCKET_PUBLIC_READ_PROHIBITED",
    "S3_BUCKET_PUBLIC_WRITE_PROHIBITED", "SECRETSMANAGER_ROTATION_ENABLED_CHECK", "VPC_FLOW_LOGS_ENABLED",
    "ROOT_ACCOUNT_MFA_ENABLED", "IAM_USER_MFA_ENABLED",
)  # fmt: skip
WARNED_AT_PERCENT: Final = (80, 100)


class Guard(cdk.Stack):
    """The stack of an account's guards. An account holds one cell in a region: detector and recorder are one each."""

    def __init__(self, scope: Construct, name: str, *, told: Told, stores: Stores) -> None:
        cell, prefix = told.cell, told.prefix
        super().__init__(
            scope, name, env=cdk.Environment(account=cell.account, region=cell.region), termination_protection=True
        )
        self._prefix = prefix
        self._key = kms.Key(
            self,
            "Key",
            description=f"{prefix}: who did what, and what was changed",
            enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        self._key.grant_encrypt_decrypt(iam.ServicePrincipal(f"logs.{cell.region}.amazonaws.com"))
        self._records = self._bucket()
        self._trail()
        self._recorder()
        self._detector(stores)
        self._budget(cell, told.aws.monthly_budget, stores)

    def _bucket(self) -> s3.Bucket:
        return private_bucket(
            self,
            "Records",
            key=self._key,
            object_lock_enabled=True,
            object_lock_default_retention=s3.ObjectLockRetention.governance(cdk.Duration.days(KEPT_DAYS)),
        )

    def _trail(self) -> None:
        """Every call to AWS, of every region of the account, in files that tell when one was changed."""
        log = logs.LogGroup(
            self,
            "TrailLog",
            retention=logs.RetentionDays.ONE_YEAR,
            encryption_key=self._key,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        cloudtrail.Trail(
            self,
            "Trail",
            trail_name=self._prefix.replace("/", "-"),
            bucket=self._records,
            s3_key_prefix="trail",
            encryption_key=self._key,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_file_validation=True,
            send_to_cloud_watch_logs=True,
            cloud_watch_log_group=log,
        )

    def _recorder(self) -> None:
        role = iam.Role(
            self,
            "RecorderRole",
            assumed_by=iam.ServicePrincipal("config.amazonaws.com"),
            description=f"{self._prefix}: how Config sees what was changed",
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name("service-role/AWS_ConfigRole")],
        )
        self._records.grant_put(role, "config/*")
        recorder = config.CfnConfigurationRecorder(
            self,
            "Recorder",
            role_arn=role.role_arn,
            recording_group=config.CfnConfigurationRecorder.RecordingGroupProperty(
                all_supported=True, include_global_resource_types=True
            ),
        )
        channel = config.CfnDeliveryChannel(
            self,
            "Delivery",
            s3_bucket_name=self._records.bucket_name,
            s3_key_prefix="config",
            s3_kms_key_arn=self._key.key_arn,
        )
        for rule in RULES:
            words = "".join(word.capitalize() for word in rule.split("_"))
            source = config.CfnConfigRule.SourceProperty(owner="AWS", source_identifier=rule)
            asked = config.CfnConfigRule(self, words, source=source, config_rule_name=rule.lower().replace("_", "-"))
            asked.add_dependency(recorder)
            asked.add_dependency(channel)

    def _detector(self, stores: Stores) -> None:
        """GuardDuty; what it calls high wakes somebody."""
        feature = guardduty.CfnDetector.CFNFeatureConfigurationProperty
        agent = guardduty.CfnDetector.CFNFeatureAdditionalConfigurationProperty(
            name="ECS_FARGATE_AGENT_MANAGEMENT", status="ENABLED"
        )
        guardduty.CfnDetector(
            self,
            "Detector",
            enable=True,
            finding_publishing_frequency="FIFTEEN_MINUTES",
            features=[
                feature(
                    name=name,
                    status="ENABLED",
                    additional_configuration=[agent] if name == "RUNTIME_MONITORING" else None,
                )
                for name in FEATURES
            ],
        )
        events.Rule(
            self,
            "Attacked",
            description=f"{self._prefix}: what GuardDuty calls high",
            event_pattern=events.EventPattern(
                source=["aws.guardduty"], detail={"severity": events.Match.greater_than_or_equal(HIGH)}
            ),
            targets=[targets.SnsTopic(stores.paging.topics["page"])],
        )

    def _budget(self, cell: CellPlace, dollars: int, stores: Stores) -> None:
        tell = budgets.CfnBudget.SubscriberProperty(
            subscription_type="SNS", address=stores.paging.topics["ticket"].topic_arn
        )
        notification = budgets.CfnBudget.NotificationProperty
        budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_name=self._prefix.replace("/", "-"),
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=dollars, unit="USD"),
                cost_filters={"TagKeyValue": [f"user:cell${cell.name}"]},
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=notification(
                        notification_type=kind,
                        comparison_operator="GREATER_THAN",
                        threshold=percent,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=[tell],
                )
                for percent, kind in zip(WARNED_AT_PERCENT, ("ACTUAL", "FORECASTED"), strict=True)
            ],
        )
