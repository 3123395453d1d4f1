"""The base of every admin class: shows rows, changes none, and acts by calling verbs.

Lists are read from the replica and say as of when; an object's page is read from the primary, since somebody is
about to decide on it. Columns that hold sealed data, keys or credentials are never shown by accident.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from crm.admin.history import history_of
from crm.admin.object_actions import DecisionForm, ObjectAction, actions_of, object_action
from crm.back_office.queues import Queue, home_queue
from fintech.cells import reading
from fintech.http.read_only import ReadOnly
from fintech.journal import Refusal
from fintech.privacy.declarations import declared_columns

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin


class ReadOnlyAdmin(ReadOnly, ModelAdmin):
    """Shows a model. Subclasses name `list_display` and the like, and declare buttons by `@object_action`.

    `history_subject` is the subject type of the facts that verbs record about such an object, if they do
    ("client", "withdrawal"): its history then shows them beside the changes of the row.
    """

    actions = None
    list_per_page = 50
    show_full_result_count = False
    change_list_template = "admin/back_office/list.html"
    change_form_template = "admin/back_office/object.html"
    history_subject: ClassVar[str | None] = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds rows here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody changes rows here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody deletes rows here."""
        return False

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """What the class names, else every column declared plain."""
        if self.fields or self.fieldsets:
            return super().get_fields(request, obj)
        plain = set(declared_columns(self.model).plain)
        return [field.name for field in self.opts.concrete_fields if field.column in plain]

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Nothing: Django's log of actions would be a second truth, in another database."""

    log_change = log_addition

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Nothing, as for additions."""

    def get_urls(self) -> list[URLPattern]:
        """List, object, history and buttons; there are no pages to add or delete."""
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        protect = self.admin_site.admin_view
        return [
            path("", protect(self.changelist_view), name=f"{name}_changelist"),
            *self.more_urls(),
            path("<path:object_id>/history/", protect(self.history_view), name=f"{name}_history"),
            path("<path:object_id>/do/<slug:action>/", protect(self.action_view), name=f"{name}_do"),
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
        """The object's page, with the buttons that this person may press now."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET"])
        obj = self.get_object(request, unquote(object_id))
        buttons = [] if obj is None else self._buttons(request, obj)
        return super().change_view(request, object_id, form_url, {"buttons": buttons, **(extra_context or {})})

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """What the fact log tells about the object: its row's changes, and the facts about it."""
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            return self._to_list(request, object_id)
        if not self.has_view_permission(request, obj):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": f"History of {self.opts.verbose_name} {obj}",
            "entries": history_of(obj, self.history_subject),
            "opts": self.opts,
            "original": obj,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/back_office/history.html", context)

    def action_view(self, request: HttpRequest, object_id: str, action: str) -> HttpResponse:
        """The form of a button, and what happens when it is sent."""
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            return self._to_list(request, object_id)
        known = actions_of(type(self))
        if action not in known:
            raise PermissionDenied
        button, method = known[action]
        if not request.user.has_perm(button.permission):
            raise PermissionDenied
        if request.method != "POST":
            form = button.form(initial={"key": DecisionForm.fresh_key()})
            return self._action_page(request, obj, button, form)
        form = button.form(request.POST)
        if not form.is_valid():
            return self._action_page(request, obj, button, form)
        try:
            message = getattr(self, method)(request, obj, **form.cleaned_data)
        except Refusal as refusal:
            # The key is spent on this refusal: another try is another decision.
            form.data = {**request.POST.dict(), "key": DecisionForm.fresh_key()}
            form.add_error(None, f"Refused ({refusal.code}): {refusal.detail}")
            return self._action_page(request, obj, button, form)
        messages.success(request, message)
        return HttpResponseRedirect(self.object_url(obj))

    def key_in_address(self, obj: Model) -> str:
        """How an object is named in addresses; what `get_object` takes."""
        return str(obj.pk)

    def object_url(self, obj: Model) -> str:
        """The address of an object's page."""
        return reverse(self._url_name("change"), args=[quote(self.key_in_address(obj))])

    def _url_name(self, page: str) -> str:
        return f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_{page}"

    def _to_list(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To the list, saying that there is no such object."""
        messages.warning(request, f"There is no {self.opts.verbose_name} {unquote(object_id)[:100]}.")
        return HttpResponseRedirect(reverse(self._url_name("changelist")))

    def _list_title(self) -> str:
        name = str(self.opts.verbose_name_plural)
        return name[:1].upper() + name[1:]

    def _buttons(self, request: HttpRequest, obj: Model) -> list[tuple[str, str]]:
        """Label and address of each button that this person may press now."""
        known = [button for button, _ in actions_of(type(self)).values()]
        address = quote(self.key_in_address(obj))
        return [
            (button.label, reverse(self._url_name("do"), args=[address, button.name]))
            for button in known
            if request.user.has_perm(button.permission) and button.offered(obj)
        ]

    def _action_page(self, request: HttpRequest, obj: Model, button: ObjectAction, form: DecisionForm) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": f"{button.label}: {self.opts.verbose_name} {obj}",
            "button": button,
            "form": form,
            "opts": self.opts,
            "original": obj,
            "object_url": self.object_url(obj),
        }
        status = 400 if form.is_bound else 200
        return TemplateResponse(request, "admin/back_office/action.html", context, status=status)


__all__ = ["DecisionForm", "Queue", "ReadOnlyAdmin", "home_queue", "object_action"]
