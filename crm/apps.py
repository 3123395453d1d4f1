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
        from crm.signing_in import (  # models are there only now
            deployment_checks,  # noqa: F401
            factor_receivers,  # noqa: F401
            one_time_codes,
            passkeys,
            receivers,  # noqa: F401
        )
        from crm.staff_groups import bring_rights_up_to_date

        post_migrate.connect(bring_rights_up_to_date, dispatch_uid="crm.staff_groups")
        one_time_codes.put_in_place()
        passkeys.put_in_place()
