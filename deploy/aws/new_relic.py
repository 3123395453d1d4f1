"""What CloudWatch is told of a cell, streamed to New Relic in Europe: our measures and those of what it runs on."""

from __future__ import annotations

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesisfirehose as firehose
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from deploy.aws.measures import NAMESPACE
from deploy.aws.objects import private_bucket

# New Relic's address in Europe: our metrics name cells, endpoints and resources, and no client.
ENDPOINT: Final = "https://aws-api.eu01.nr-data.net/cloudwatch-metrics/v1"
LICENSE_KEY: Final = "new-relic/license-key"
# Throughput, errors and times at the door; queries and connections of the stores; the services' processors and memory.
STREAMED: Final = (NAMESPACE, "AWS/ApplicationELB", "AWS/RDS", "AWS/ElastiCache", "AWS/ECS")
KEPT_DAYS: Final = 30
SECONDS: Final = 60


class NewRelic(Construct):
    """The stream, and where lies what New Relic didn't take."""

    def __init__(self, scope: Construct, name: str, *, prefix: str, key: kms.IKey) -> None:
        super().__init__(scope, name)
        self._prefix = prefix
        self._undelivered = self._bucket(key)
        self._log = logs.LogGroup(
            self,
            "Log",
            retention=logs.RetentionDays.ONE_YEAR,
            encryption_key=key,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        delivery = self._delivery()
        cloudwatch.CfnMetricStream(
            self,
            "Metrics",
            name=f"{prefix.replace('/', '-')}-new-relic",
            firehose_arn=delivery.attr_arn,
            role_arn=self._streaming(delivery).role_arn,
            output_format="opentelemetry1.0",
            include_filters=[
                cloudwatch.CfnMetricStream.MetricStreamFilterProperty(namespace=namespace) for namespace in STREAMED
            ],
        )

    def _bucket(self, key: kms.IKey) -> s3.Bucket:
        rules = [s3.LifecycleRule(expiration=cdk.Duration.days(KEPT_DAYS))]
        return private_bucket(self, "Undelivered", key=key, lifecycle_rules=rules)

    def _delivery(self) -> firehose.CfnDeliveryStream:
        stream, role = firehose.CfnDeliveryStream, self._role("Delivering", "firehose.amazonaws.com")
        self._undelivered.grant_put(role)
        self._log.grant_write(role)
        told = stream.CloudWatchLoggingOptionsProperty(
            enabled=True, log_group_name=self._log.log_group_name, log_stream_name=self._log_stream().log_stream_name
        )
        return stream(
            self,
            "Delivery",
            delivery_stream_type="DirectPut",
            delivery_stream_encryption_configuration_input=stream.DeliveryStreamEncryptionConfigurationInputProperty(
                key_type="AWS_OWNED_CMK"
            ),
            http_endpoint_destination_configuration=stream.HttpEndpointDestinationConfigurationProperty(
                endpoint_configuration=stream.HttpEndpointConfigurationProperty(
                    name="New Relic",
                    url=ENDPOINT,
                    # Read when the stack is made: it stands in no template.
                    access_key=f"{{{{resolve:secretsmanager:{self._prefix}/{LICENSE_KEY}}}}}",
                ),
                buffering_hints=stream.BufferingHintsProperty(interval_in_seconds=SECONDS, size_in_m_bs=1),
                request_configuration=stream.HttpEndpointRequestConfigurationProperty(content_encoding="GZIP"),
                retry_options=stream.RetryOptionsProperty(duration_in_seconds=SECONDS),
                role_arn=role.role_arn,
                s3_backup_mode="FailedDataOnly",
                s3_configuration=stream.S3DestinationConfigurationProperty(
                    bucket_arn=self._undelivered.bucket_arn, role_arn=role.role_arn, compression_format="GZIP"
                ),
                cloud_watch_logging_options=told,
            ),
        )

    def _log_stream(self) -> logs.LogStream:
        return logs.LogStream(self, "LogStream", log_group=self._log, removal_policy=cdk.RemovalPolicy.RETAIN)

    def _streaming(self, delivery: firehose.CfnDeliveryStream) -> iam.Role:
        role = self._role("Streaming", "streams.metrics.cloudwatch.amazonaws.com")
        puts = ["firehose:PutRecord", "firehose:PutRecordBatch"]
        role.add_to_policy(iam.PolicyStatement(actions=puts, resources=[delivery.attr_arn]))
        return role

    def _role(self, part: str, service: str) -> iam.Role:
        here = {"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}}
        return iam.Role(
            self,
            part,
            assumed_by=iam.ServicePrincipal(service, conditions=here),
            description=f"{self._prefix}: metrics on their way to New Relic",
        )
