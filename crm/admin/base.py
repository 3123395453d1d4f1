"""The base of every admin class: shows rows, changes none, and acts by calling verbs.

Lists are read from the replica and say as of when; an object's page is read from the primary, since somebody is
about to decide on it. Columns that hold sealed data, keys or credentials are never shown by accident.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.contrib import messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from crm.admin.history import history_of
from crm.admin.object_actions import DecisionForm, ObjectAction, actions_of, object_action
from crm.back_office.queues import Queue, home_queue
from crm.back_office.tables import Table
from fintech.http.read_only import ShowingAdmin
from fintech.http.showing import label
from fintech.journal import Refusal
from fintech.privacy.declarations import declared_columns

READ_PERSON: Final = "crm.read_client"
"""The permission to see what is sealed about a person; each look is recorded."""


class ReadOnlyAdmin(ShowingAdmin):
    """Shows a model. Subclasses name `list_display` and the like, and declare buttons by `@object_action`.

    `history_subject` is the subject type of the facts that verbs record about such an object, if they do
    ("client", "withdrawal"): its history then shows them beside the changes of the row.
    """

    history_subject: ClassVar[str | None] = None
    has_history: ClassVar[bool] = True

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """What the class names, else every column declared plain."""
        if self.fields or self.fieldsets:
            return super().get_fields(request, obj)
        plain = set(declared_columns(self.model).plain)
        return [field.name for field in self.opts.concrete_fields if field.column in plain]

    def tables_of(self, request: HttpRequest, obj: Any) -> list[Table]:
        """What belongs to the object and stands in tables below it."""
        return []

    def open_person(self, obj: Any) -> bool:
        """Record the look at what `obj` holds of a person, and open it; whether there is anything to open.

        Called on an object's page for who has READ_PERSON; `opened` tells the rest of the page that it was done.
        """
        return False

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Nothing: Django's log of actions would be a second truth, in another database."""

    log_change = log_addition

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Nothing, as for additions."""

    def get_urls(self) -> list[URLPattern]:
        """List, object, history and buttons; there are no pages to add or delete."""
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        protect = self.admin_site.admin_view
        history = path("<path:object_id>/history/", protect(self.history_view), name=f"{name}_history")
        return [
            *([history] if self.has_history else []),
            path("<path:object_id>/do/<slug:action>/", protect(self.action_view), name=f"{name}_do"),
            *super().get_urls(),
        ]

    def render_change_form(  # noqa: PLR0917  # Django's own signature
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        """The object's page, with the buttons that this person may press now."""
        obj.opened = request.user.has_perm(READ_PERSON) and self.open_person(obj)
        context |= {"buttons": self._buttons(request, obj), "tables": self.tables_of(request, obj)}
        if self.has_history:
            context["history_url"] = reverse(self._url_name("history"), args=[quote(self.key_in_address(obj))])
        return super().render_change_form(request, context, add, change, form_url, obj)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """What the fact log tells about the object: its row's changes, and the facts about it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            return self._to_list(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "title": f"History of {label(str(self.opts.verbose_name))} {obj}",
            "entries": history_of(obj, self.history_subject, currency=self.currency_of(obj)),
            "opts": self.opts,
            "original": obj,
            "object_url": self.object_url(obj),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/back_office/history.html", context)

    def action_view(self, request: HttpRequest, object_id: str, action: str) -> HttpResponse:
        """The form of a button, and what happens when it is sent."""
        if not self.has_view_permission(request):
            raise PermissionDenied
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

    def _to_list(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To the list, saying that there is no such object."""
        messages.warning(request, f"There is no {label(str(self.opts.verbose_name))} {unquote(object_id)[:100]}.")
        return HttpResponseRedirect(reverse(self._url_name("changelist")))

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
            "title": f"{button.label}: {label(str(self.opts.verbose_name))} {obj}",
            "button": button,
            "form": form,
            "opts": self.opts,
            "original": obj,
            "object_url": self.object_url(obj),
        }
        status = 400 if form.is_bound else 200
        return TemplateResponse(request, "admin/back_office/action.html", context, status=status)


__all__ = ["DecisionForm", "Queue", "ReadOnlyAdmin", "Table", "home_queue", "object_action"]
