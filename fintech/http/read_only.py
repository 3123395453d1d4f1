"""What every admin class of the back office has in common: it shows rows and changes none.

The back office takes no class without the mark `ReadOnly`. Lists are read from the replica, and say as of when; an
object's page is read from the primary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.admin.views.main import ChangeList
from django.db.models import ForeignKey, Model
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst

from fintech.cells import reading
from fintech.http.columns import Column
from fintech.http.showing import label

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin


class ReadOnly:
    """Stands among the bases of every admin class."""


class Rows(ChangeList):
    """A page of a list."""

    def url_for_result(self, result: Model) -> str:
        """The row's page."""
        showing: ShowingAdmin = self.model_admin  # type: ignore[assignment]  # Django's name for any admin class
        return showing.object_url(result)


class ShowingAdmin(ReadOnly, ModelAdmin):
    """Shows a model. Subclasses name `list_display` and `fields` or `fieldsets`, by fields and methods.

    `prices` names the columns that hold prices, which are shown with the digits that `digits_of` gives. `labels`
    overrules headings.
    """

    actions = None
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    change_list_template = "admin/back_office/list.html"
    change_form_template = "admin/back_office/object.html"
    prices: ClassVar[tuple[str, ...]] = ()
    labels: ClassVar[Mapping[str, str]] = {}

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody adds rows here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody changes rows here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody deletes rows here."""
        return False

    def currency_of(self, row: Any) -> str | None:
        """The currency of a row's amounts, if it has any."""
        return getattr(row, "currency", None)

    def digits_of(self, row: Any) -> int:
        """How many digits a row's prices have."""
        return int(row.instrument.digits)

    def look_up(self, rows: Sequence[Any]) -> None:
        """Fetch what columns show beside the rows themselves, for all of them at once, and keep it with them."""

    def leads_to(self, request: HttpRequest, page: str) -> bool:
        """Whether this person may see the pages of a class of objects, such as `crm.client`."""
        app, _, model = page.partition(".")
        registered = any(known._meta.label_lower == page for known in self.admin_site._registry)
        return registered and request.user.has_perm(f"{app}.view_{model}")

    def get_list_display(self, request: HttpRequest) -> Any:
        """The columns; the first leads to the row's page."""
        return [
            Column(str(name), self, request, leads_on=position > 0)
            for position, name in enumerate(super().get_list_display(request))
        ]

    def get_list_select_related(self, request: HttpRequest) -> Any:
        """Whatever the columns show of related objects comes with the rows."""
        related = [
            column.name
            for column in self.opts.concrete_fields
            if isinstance(column, ForeignKey) and column.name in self.list_display
        ]
        further = self.list_select_related if isinstance(self.list_select_related, list | tuple) else ()
        return [*dict.fromkeys([*related, *further])] or False

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The lines of an object's page."""
        return [
            (
                title,
                {**options, "fields": [Column(str(name), self, request, listed=False) for name in options["fields"]]},
            )
            for title, options in super().get_fieldsets(request, obj)
        ]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The class that reads a page of the list."""
        return Rows

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """A page of the list, with all that its columns need."""
        found = super().get_changelist_instance(request)
        self.look_up(list(found.result_list))
        for narrowing in found.filter_specs:
            narrowing.title = label(str(narrowing.title))
        return found

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The object, with all that its page needs."""
        found = super().get_object(request, object_id, from_field)
        if found is not None:
            self.look_up([found])
        return found

    def get_urls(self) -> list[URLPattern]:
        """List and object; there are no pages to add or delete."""
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        protect = self.admin_site.admin_view
        return [
            path("", protect(self.changelist_view), name=f"{name}_changelist"),
            *self.more_urls(),
            path("<path:object_id>/change/", protect(self.change_view), name=f"{name}_change"),
        ]

    def more_urls(self) -> list[URLPattern]:
        """Further pages of a subclass, each wrapped in `self.admin_site.admin_view`."""
        return []

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, read from the replica and written out before the reading ends."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET"])
        request.user.get_all_permissions()  # from the primary: a right that was taken away counts at once
        with reading("report") as read:
            context = {"as_of": read.as_of, "from_replica": read.replica, "title": self._list_title()}
            response = super().changelist_view(request, {**context, **(extra_context or {})})
            if isinstance(response, TemplateResponse):
                response.render()
        return response

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The object's page."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET"])
        title = capfirst(label(str(self.opts.verbose_name)))
        return super().change_view(request, object_id, form_url, {"title": title, **(extra_context or {})})

    def key_in_address(self, obj: Model) -> str:
        """How an object is named in addresses; what `get_object` takes."""
        return str(obj.pk)

    def object_url(self, obj: Model) -> str:
        """The address of an object's page."""
        return reverse(self._url_name("change"), args=[quote(self.key_in_address(obj))])

    def _url_name(self, page: str) -> str:
        return f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_{page}"

    def _list_title(self) -> str:
        return capfirst(label(str(self.opts.verbose_name_plural)))
