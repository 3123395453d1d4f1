"""The back office: Django's admin, which only shows, and acts through verbs alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Final, TypeVar, cast

from django.conf import settings
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.text import capfirst

from crm.back_office.pages import OfficePage, office_pages
from crm.back_office.queues import waiting_for
from crm.back_office.second_factor import SecondFactorPages
from crm.back_office.sign_in_steps import has_signed_in, password_given
from crm.signing_in.staff_form import StaffPasswordForm, StaffSignInForm
from fintech.cells import Actor, bound_cell, reading, set_actor
from fintech.http.read_only import ReadOnly
from fintech.http.showing import label

_LEFT_OUT: Final = frozenset({"view_on_site", "autocomplete"})

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


class PasswordView(LoginView):
    """The first step of signing in."""

    def form_valid(self, form: Any) -> HttpResponse:
        """On to the second factor; in, where settings ask for none."""
        if not settings.FINTECH_STAFF_SECOND_FACTOR:
            return super().form_valid(form)
        password_given(self.request, form.get_user(), onward=self.get_success_url())
        return HttpResponseRedirect(reverse("admin:second_factor"))

    def get_default_redirect_url(self) -> str:
        """Home."""
        return reverse("admin:index")


class BackOffice(AdminSite):
    """The site of the service `web`. Takes read-only admin classes; others' (allauth's, Django's) stay outside."""

    index_template = "admin/home.html"
    empty_value_display = "-"
    enable_nav_sidebar = True
    # There is no other site to view.
    site_url = None
    index_title = "Back office"

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: type[ModelAdmin[Any]] | None = None,
        **options: Any,
    ) -> None:
        """Register what can't change rows by itself; leave out everything else, whoever brings it."""
        if admin_class is not None and issubclass(admin_class, ReadOnly):
            super().register(model_or_iterable, admin_class, **options)

    def get_urls(self) -> list[Any]:
        """Without two addresses of Django's that nothing here leads to: they look objects up by whatever is asked."""
        known = [pattern for pattern in super().get_urls() if getattr(pattern, "name", "") not in _LEFT_OUT]
        pages = [
            path(f"{page.address}/", self.admin_view(self._view_of(page)), name=f"page_{page.address}")
            for page in office_pages()
        ]
        return [*SecondFactorPages(self).urls(), *pages, *known]

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether any page opens: to active staff who have given their second factor in this session."""
        return has_signed_in(request)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Take address and password; what opens the back office is the second factor, asked for next."""
        if request.method == "GET" and self.has_permission(request):
            return HttpResponseRedirect(reverse("admin:index"))
        context = {
            **self.each_context(request),
            "title": "Log in",
            "subtitle": None,
            "app_path": request.get_full_path(),
            "username": request.user.get_username(),
            **(extra_context or {}),
        }
        if REDIRECT_FIELD_NAME not in request.GET and REDIRECT_FIELD_NAME not in request.POST:
            context[REDIRECT_FIELD_NAME] = reverse("admin:index")
        view = PasswordView.as_view(
            extra_context=context, authentication_form=StaffSignInForm, template_name="admin/login.html"
        )
        return cast(HttpResponse, view(request))

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """What this person may see, by section, with the pages that show no single table."""
        sections: list[Any] = super().get_app_list(request, app_label)
        for section in sections:
            for shown in section["models"]:
                shown["name"] = capfirst(label(str(shown["name"])))
        if app_label is None:
            for page in office_pages():
                if _may_see(request, page):
                    _add(sections, page)
        return sorted(sections, key=lambda section: section["name"].lower())

    def _view_of(self, page: OfficePage) -> Callable[[HttpRequest], TemplateResponse]:
        def view(request: HttpRequest) -> TemplateResponse:
            if not _may_see(request, page):
                raise PermissionDenied
            with reading("report") as read:
                content = page.content()
                context = {
                    **self.each_context(request),
                    "title": page.title,
                    "tables": content.tables,
                    "note": content.note,
                    "as_of": read.as_of,
                }
                response = TemplateResponse(request, "admin/back_office/page.html", context)
                response.render()
                return response

        return view

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


def _may_see(request: HttpRequest, page: OfficePage) -> bool:
    return page.permission is None or request.user.has_perm(page.permission)


def _add(sections: list[Any], page: OfficePage) -> None:
    """Put a page's link among those of its section, which may be one of its own."""
    url = reverse(f"admin:page_{page.address}")
    entry = {"name": page.title, "object_name": page.address, "admin_url": url, "view_only": True, "add_url": None}
    found = next((section for section in sections if section["name"] == page.section), None)
    if found is None:
        found = {
            "name": page.section,
            "app_label": page.address,
            "app_url": url,
            "has_module_perms": True,
            "models": [],
        }
        sections.append(found)
    found["models"] = sorted([*found["models"], entry], key=lambda each: each["name"])
