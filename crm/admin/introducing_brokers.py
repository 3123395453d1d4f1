"""Introducing brokers and their places in the hierarchy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from crm.admin.base import ReadOnlyAdmin, Table
from crm.models import BrokerMembership, IntroducingBroker
from crm.selectors.introducing_brokers import hierarchies_at, places_of
from crm.services.looks import record_introducing_broker_read
from fintech.cells.identifiers import uuid7
from fintech.http.columns import column_leads_to
from fintech.http.showing import link, moment
from fintech.privacy.sealing import unseal_all

column_leads_to("ib_id", "crm.introducingbroker")


@admin.register(IntroducingBroker)
class IntroducingBrokerAdmin(ReadOnlyAdmin):
    """Those who introduce clients. A broker's page opens the name, and that look is recorded."""

    history_subject = "introducing_broker"
    list_display = ("code", "id", "hierarchy", "registered_at")
    search_fields = ("code",)
    ordering = ("code",)
    fields = ("id", "code", "name", "hierarchy", "clients", "user_id", "registered_at")

    def open_person(self, obj: IntroducingBroker) -> bool:
        """The name."""
        record_introducing_broker_read(key=str(uuid7()), ib_id=obj.pk)
        (obj.opened_name,) = unseal_all("crm", [obj.name_sealed])  # type: ignore[attr-defined]
        return True

    def name(self, broker: IntroducingBroker) -> str | None:
        """The name, for who may read it."""
        return getattr(broker, "opened_name", None)

    def look_up(self, rows: Sequence[IntroducingBroker]) -> None:
        """Where each stands in the hierarchy."""
        codes = hierarchies_at([broker.pk for broker in rows], datetime.now(UTC))
        for broker in rows:
            broker.codes_upward = codes[broker.pk]  # type: ignore[attr-defined]

    def tables_of(self, request: HttpRequest, obj: IntroducingBroker) -> list[Table]:
        """Its places in the hierarchy, so that it can be shown who stood above at any moment."""
        rows = [
            (
                self._above(place),
                moment(place.valid_from),
                moment(place.valid_to) if place.valid_to else "still",
            )
            for place in places_of(obj.pk)
        ]
        return [Table(title="Places in the hierarchy", headings=("Below", "From", "Until"), rows=rows)]

    def _above(self, place: BrokerMembership) -> str | SafeString:
        return link(self.object_url(place.parent), place.parent.code) if place.parent else "nobody: at the top"

    def hierarchy(self, broker: IntroducingBroker) -> str:
        """The codes from this broker upward, as it stands now."""
        return " → ".join(broker.codes_upward)  # type: ignore[attr-defined]

    def clients(self, broker: IntroducingBroker) -> int:
        """How many clients count for this broker at present."""
        return broker.introductions.filter(valid_to__isnull=True).count()
