"""The one definition that everything is rendered from: services, alerts, environments with their cells and sizes."""

from deploy.definition.alerts import Alert, read_alerts
from deploy.definition.aws_place import AwsPlace
from deploy.definition.azure_place import AzurePlace
from deploy.definition.environments import CellPlace, Environment, Size, read_environment, read_environments
from deploy.definition.reading import DefinitionError
from deploy.definition.services import Command, Definition, Service, Task, read_services

__all__ = [
    "Alert",
    "AwsPlace",
    "AzurePlace",
    "CellPlace",
    "Command",
    "Definition",
    "DefinitionError",
    "Environment",
    "Service",
    "Size",
    "Task",
    "read_alerts",
    "read_environment",
    "read_environments",
    "read_services",
]
