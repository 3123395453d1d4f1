"""The back office: Django's admin, which only shows, and acts through verbs alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar, cast

from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth.views import PasswordChangeView
from django.db.models import Model
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse

from crm.back_office.queues import waiting_for
from crm.signing_in.staff_form import StaffPasswordForm, StaffSignInForm
from fintech.cells import Actor, bound_cell, reading, set_actor
from fintech.http.read_only import ReadOnly

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


class BackOffice(AdminSite):
    """The site of the service `web`. Takes read-only admin classes; others' (allauth's, Django's) stay outside."""

    login_form = StaffSignInForm
    index_template = "admin/home.html"
    empty_value_display = "-"
    enable_nav_sidebar = True

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: type[ModelAdmin[Any]] | None = None,
        **options: Any,
    ) -> None:
        """Register what can't change rows by itself; leave out everything else, whoever brings it."""
        if admin_class is not None and issubclass(admin_class, ReadOnly):
            super().register(model_or_iterable, admin_class, **options)

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """A view for staff, which acts as the staff member who is signed in."""
        protected = super().admin_view(view, cacheable)

        @wraps(protected)
        def acting(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.user.is_authenticated and request.user.is_staff:
                set_actor(Actor.staff(request.user.pk))
            return protected(request, *args, **kwargs)

        return cast(View, acting)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """What every page knows: above all which cell and entity it shows."""
        cell = bound_cell()
        where = "no cell"
        if cell is not None:
            where = f"{', '.join(entity.legal_name for entity in cell.jurisdiction.entities)} · cell {cell.name}"
        return {
            **super().each_context(request),
            "site_header": where,
            "site_title": f"Back office, {where}",
            "cell_name": cell.name if cell else "",
        }

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Change one's own password, by a verb."""
        view = PasswordChangeView.as_view(
            form_class=StaffPasswordForm,
            success_url=reverse("admin:password_change_done"),
            extra_context={**self.each_context(request), **(extra_context or {})},
        )
        # The stubs know only its page; sent and accepted, the form leads on.
        return cast(TemplateResponse, view(request))

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The home page: what waits for whom, since when."""
        request.user.get_all_permissions()  # from the primary, before the replica is read
        with reading("report") as read:
            context = {"queues": waiting_for(request.user), "as_of": read.as_of, "from_replica": read.replica}
            response = super().index(request, {**context, **(extra_context or {})})
            response.render()
            return response
