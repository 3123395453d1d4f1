"""The crm concern."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CrmConfig(AppConfig):
    """Its tables stand in each cell's crm database."""

    name = "crm"
    label = "crm"
    verbose_name = "Clients"
    concern = "crm"

    def ready(self) -> None:
        """Listen to signing in, and bring the groups' rights up to date after migrations."""
        from crm.signing_in import receivers  # noqa: F401  # models are there only now
        from crm.staff_groups import bring_rights_up_to_date

        post_migrate.connect(bring_rights_up_to_date, dispatch_uid="crm.staff_groups")
