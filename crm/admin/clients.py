"""Clients: the list names nobody; a client's page opens the personal data, and that look is recorded."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from crm.admin.base import DecisionForm, ReadOnlyAdmin, Table, object_action
from crm.admin.platform import PlatformAdmin
from crm.models import Client, IntroducingBroker
from crm.selectors.before_trading import acceptances_of, tests_of
from crm.selectors.clients import PersonalData, personal_data
from crm.selectors.identity_cases import cases_of_client
from crm.selectors.introducing_brokers import current_introduction, introductions_of
from crm.selectors.outgoing_mails import mails_to
from crm.selectors.sessions import sessions_of
from crm.services.introducing_brokers import introduce_client
from crm.services.looks import record_client_read
from crm.services.standing import lift_suspension, set_category, set_risk_rating, suspend_client
from fintech.cells.identifiers import uuid7
from fintech.http.columns import column_leads_to
from fintech.http.showing import EMPTY, compact, label, link, moment

MOST_MAILS = 20
# Whose lists have a column for the client, apart from crm's own.
ELSEWHERE = ("payments", "trading", "ledger", "audit")
column_leads_to("client_id", "crm.client")


class CategoryForm(DecisionForm):
    """Which category a client is to have."""

    category = forms.ChoiceField(choices=Client.Category.choices)
    field_order = ["category", "reason"]


class RiskForm(DecisionForm):
    """Which risk rating a client is to have."""

    risk = forms.ChoiceField(choices=Client.Risk.choices)
    field_order = ["risk", "reason"]


class IntroductionForm(DecisionForm):
    """Which broker has introduced a client."""

    ib_code = forms.CharField(label="Introducing broker's code", max_length=20)
    field_order = ["ib_code", "reason"]


@admin.register(Client)
class ClientAdmin(ReadOnlyAdmin):
    """Clients of the cell."""

    history_subject = "client"
    list_display = ("id", "entity", "country", "category", "status", "risk", "verified", "may_trade", "registered_at")
    list_filter = ("status", "category", "risk", "may_trade", ("verified_at", admin.EmptyFieldListFilter), "entity")
    ordering = ("-id",)
    search_fields = ("id",)
    search_help_text = "A client's id, a user's id, or the whole e-mail address."
    fieldsets = (
        (
            "Standing",
            {"fields": ("status", "category", "risk", "verified_at", "may_trade", "standing_since", "ended_at")},
        ),
        ("Person", {"fields": ("full_name", "date_of_birth", "address", "phone", "email", "country")}),
        (
            "Relationship",
            {"fields": ("id", "user_id", "entity", "introduced_by", "registered_at", "email_confirmed_at")},
        ),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Client], search_term: str
    ) -> tuple[QuerySet[Client], bool]:
        """Exact matches only: sealed names can't be searched."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if "@" in term:
            return queryset.filter(user__email=term.lower()), False
        try:
            identifier = UUID(term)
        except ValueError:
            return queryset.none(), False
        return queryset.filter(pk=identifier) | queryset.filter(user_id=identifier), False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The client's page. An id in another concern may be an introducing broker's: its page is opened then."""
        broker = self._broker_of(request, unquote(object_id))
        if broker is not None:
            return HttpResponseRedirect(broker)
        return super().change_view(request, object_id, form_url, extra_context)

    def open_person(self, obj: Client) -> bool:
        """Name, address, birth date and telephone; and where the client signs in from."""
        record_client_read(key=str(uuid7()), client_id=obj.pk)
        obj.person = personal_data(obj)  # type: ignore[attr-defined]
        return True

    def _broker_of(self, request: HttpRequest, object_id: str) -> str | None:
        """The address of a broker's page, if this is no client's id but a broker's."""
        try:
            identifier = UUID(object_id)
        except ValueError:
            return None
        if not self.leads_to(request, "crm.introducingbroker") or Client.objects.filter(pk=identifier).exists():
            return None
        if not IntroducingBroker.objects.filter(pk=identifier).exists():
            return None
        return reverse("admin:crm_introducingbroker_change", args=[identifier])

    def tables_of(self, request: HttpRequest, obj: Any) -> list[Table]:
        """What crm knows beside the client's own row, and where the other concerns' rows are."""
        tables = [
            _cases(obj),
            _tests(obj),
            _warnings(obj),
            _introductions(obj),
            _mails(obj),
            self._elsewhere(request, obj),
        ]
        return [*tables, _sessions(obj)] if obj.opened else tables

    def _elsewhere(self, request: HttpRequest, client: Client) -> Table:
        """The lists of other concerns that can be narrowed to one client."""
        rows: list[tuple[str, SafeString]] = []
        for model, shown in self.admin_site._registry.items():
            known = {field.name for field in model._meta.concrete_fields}
            page = model._meta.label_lower
            if model._meta.app_label not in ELSEWHERE or "client_id" not in known or not self.leads_to(request, page):
                continue
            lists = capfirst(label(str(model._meta.verbose_name_plural)))
            url, of = reverse(f"admin:{page.replace('.', '_')}_changelist"), str(model._meta.app_config.verbose_name)
            if isinstance(shown, PlatformAdmin):
                found = {f"{of}, {name}": f"?q={client.pk}&concern={name}" for name in shown.concerns}
            else:
                found = {of: f"?client_id={client.pk}"}
            rows += [(each, link(f"{url}{query}", lists)) for each, query in found.items()]
        return Table(title="Elsewhere", headings=("Of", "This client's"), rows=sorted(rows))

    @admin.display(boolean=True)
    def verified(self, client: Client) -> bool:
        """Whether identity is proved."""
        return client.verified_at is not None

    def full_name(self, client: Client) -> str | None:
        """The name, for who may read it."""
        return _person(client).full_name

    def date_of_birth(self, client: Client) -> str | None:
        """The date of birth, for who may read it."""
        born = _person(client).date_of_birth
        return born.isoformat() if born else None

    def address(self, client: Client) -> str | None:
        """The address, for who may read it."""
        return _person(client).address

    def phone(self, client: Client) -> str | None:
        """The telephone number, for who may read it."""
        return _person(client).phone

    def email(self, client: Client) -> str | None:
        """The e-mail address, for who may read personal data."""
        return client.user.email if hasattr(client, "person") else None

    def introduced_by(self, client: Client) -> str | None:
        """The code of the introducing broker that the client counts for."""
        introduction = current_introduction(client.pk)
        return introduction.broker.code if introduction else None

    @object_action("Suspend", permission="crm.change_standing", offered=lambda c: c.status == "active")
    def suspend(self, request: HttpRequest, client: Client, *, key: str, reason: str) -> str:
        """Let the client close positions and nothing else."""
        suspend_client(key=key, reason=reason, client_id=client.pk)
        return "The client is suspended. Trading follows in a moment."

    @object_action("Lift suspension", permission="crm.change_standing", offered=lambda c: c.status == "suspended")
    def lift_suspension(self, request: HttpRequest, client: Client, *, key: str, reason: str) -> str:
        """Let the client act again."""
        lift_suspension(key=key, reason=reason, client_id=client.pk)
        return "The suspension is lifted. Trading follows in a moment."

    @object_action(
        "Set category", permission="crm.change_standing", form=CategoryForm, offered=lambda c: c.status != "closed"
    )
    def set_category(self, request: HttpRequest, client: Client, *, key: str, reason: str, category: Any) -> str:
        """Put the client into another category."""
        set_category(key=key, reason=reason, client_id=client.pk, category=category)
        return f"The client's category is {category}."

    @object_action(
        "Set risk rating", permission="crm.change_standing", form=RiskForm, offered=lambda c: c.status != "closed"
    )
    def set_risk_rating(self, request: HttpRequest, client: Client, *, key: str, reason: str, risk: Any) -> str:
        """Rate the client anew."""
        set_risk_rating(key=key, reason=reason, client_id=client.pk, risk=risk)
        return f"The client's risk rating is {risk}."

    @object_action("Note introduction", permission="crm.manage_introducing_brokers", form=IntroductionForm)
    def introduce(self, request: HttpRequest, client: Client, *, key: str, reason: str, ib_code: str) -> str:
        """Note who introduced the client."""
        introduce_client(key=key, reason=reason, client_id=client.pk, ib_code=ib_code)
        return "The introduction is noted, and counts from now on."


def _cases(client: Client) -> Table:
    rows = [
        (
            link(reverse("admin:crm_identitycase_change", args=[case.pk]), compact(str(case.pk))),
            case.get_state_display(),
            moment(case.opened_at),
            moment(case.decided_at) if case.decided_at else EMPTY,
        )
        for case in cases_of_client(client.pk)
    ]
    return Table(title="Identity cases", headings=("Case", "State", "Opened", "Decided"), rows=rows)


def _tests(client: Client) -> Table:
    rows = [
        (
            link(reverse("admin:crm_appropriatenesstest_change", args=[test.pk]), test.questionnaire),
            f"{test.points} of {test.out_of}",
            "yes" if test.passed else "no",
            moment(test.answered_at),
        )
        for test in tests_of(client.pk)
    ]
    return Table(title="Appropriateness", headings=("Questionnaire", "Points", "Passed", "Answered"), rows=rows)


def _warnings(client: Client) -> Table:
    rows = [(found.entity, found.version, moment(found.accepted_at)) for found in acceptances_of(client.pk)]
    return Table(title="Risk warnings accepted", headings=("Entity", "Version", "Accepted"), rows=rows)


def _introductions(client: Client) -> Table:
    rows = [
        (
            link(reverse("admin:crm_introducingbroker_change", args=[found.broker_id]), found.broker.code),
            moment(found.valid_from),
            moment(found.valid_to) if found.valid_to else "still",
        )
        for found in introductions_of(client.pk)
    ]
    return Table(title="Introduced by", headings=("Broker", "From", "Until"), rows=rows)


def _mails(client: Client) -> Table:
    rows = [
        (mail.template, moment(mail.queued_at), moment(mail.sent_at) if mail.sent_at else "not yet")
        for mail in mails_to(client.pk)[:MOST_MAILS]
    ]
    return Table(title="Mails", headings=("About", "Written", "Sent"), rows=rows)


def _sessions(client: Client) -> Table:
    rows = [
        (moment(found.since), moment(found.last_seen_at), found.network_address, found.program or EMPTY)
        for found in sessions_of(client.user_id)
    ]
    return Table(title="Sessions", headings=("Since", "Last seen", "From", "Program"), rows=rows)


def _person(client: Client) -> PersonalData:
    nothing = PersonalData(full_name=None, address=None, date_of_birth=None, phone=None)
    return getattr(client, "person", nothing)
