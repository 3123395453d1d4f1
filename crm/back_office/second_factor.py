"""The pages of a staff member's second factor: asked for at each sign-in, made at the first one, changed later."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.mfa.adapter import get_adapter as get_mfa_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import clear_totp_secret, get_totp_secret
from allauth.mfa.webauthn.internal import auth as webauthn
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from crm.back_office import sign_in_steps as steps
from crm.back_office.sign_in_steps import Person
from crm.models import User
from crm.selectors.second_factors import PASSKEY, RECOVERY_CODES, factors_of, has_second_factor
from crm.services.second_factors import (
    add_staff_passkey,
    enrol_staff_totp,
    remove_staff_factor,
    renew_staff_recovery_codes,
)
from crm.signing_in.factor_forms import EnrolForm, PasskeyForm, StaffCodeAgainForm, StaffCodeForm
from crm.signing_in.passkeys import StaffPasskeyAgainForm, StaffPasskeyForm
from fintech.cells import Actor, set_actor
from fintech.cells.identifiers import uuid7
from fintech.journal import Refusal

if TYPE_CHECKING:
    from crm.back_office.site import BackOffice

_TEMPLATES: Final = "admin/second_factor"
View = Callable[[HttpRequest], HttpResponse]
_unseen = method_decorator([never_cache, sensitive_post_parameters()])


class SecondFactorPages:
    """Below `/admin/second-factor/`. Only the first two open without a second factor: to whoever gave the password."""

    def __init__(self, site: BackOffice) -> None:
        self._site = site

    def urls(self) -> list[URLPattern]:
        """The addresses."""
        protect = self._site.admin_view
        return [
            path("second-factor/", self.ask, name="second_factor"),
            path("second-factor/enrol/", self.enrol, name="second_factor_enrol"),
            path("second-factor/own/", protect(self.own), name="second_factor_own"),
            path("second-factor/passkey/", protect(self.add_passkey), name="second_factor_passkey"),
            path("second-factor/recovery-codes/", protect(self.recovery_codes), name="second_factor_recovery_codes"),
        ]

    @_unseen
    def ask(self, request: HttpRequest) -> HttpResponse:
        """Ask for a code or a passkey: to sign in, or to confirm before a change."""
        person = steps.person_before(request)
        if person is None:
            return _to("login")
        if not has_second_factor(person.user.pk):
            return _to("second_factor_enrol")
        form, faults = _given(request, person)
        if form is not None:
            set_actor(Actor.staff(person.user.pk))
            form.save()
            steps.factor_given(request, person)
            return HttpResponseRedirect(person.onward)
        has_passkey = Authenticator.objects.filter(user_id=person.user.pk, type=PASSKEY).exists()
        context = {
            "title": "Second factor",
            "form": StaffCodeForm(user=person.user),
            "faults": faults,
            "person": person,
            "options": webauthn.begin_authentication(person.user) if has_passkey else None,
        }
        return self._page(request, "ask", context, status=400 if faults else 200)

    @_unseen
    def enrol(self, request: HttpRequest) -> HttpResponse:
        """Give an authenticator app its seed, and take its first code. Who has one already confirms first."""
        person = steps.person_before(request)
        if person is None:
            return _to("login")
        if has_second_factor(person.user.pk) and (person.waiting or not steps.has_just_confirmed(request)):
            return _confirm("second_factor_enrol")
        bound = request.method == "POST"
        secret = get_totp_secret(regenerate=not bound)
        form = EnrolForm(request.POST if bound else None, user=person.user, secret=secret)
        if form.is_valid():
            set_actor(Actor.staff(person.user.pk))
            try:
                enrol_staff_totp(
                    key=str(uuid7()),
                    user_id=person.user.pk,
                    secret=secret,
                    step=form.step,
                    replace=not person.waiting,
                )
            except Refusal as refusal:
                form.add_error(None, refusal.detail)
            else:
                clear_totp_secret(request)
                steps.factor_given(request, person)
                _tell(person.user, "totp_activated")
                return _to("second_factor_recovery_codes")
        return self._page(request, "enrol", _enrolment(form, person), status=400 if bound else 200)

    @_unseen
    def own(self, request: HttpRequest) -> HttpResponse:
        """What the staff member has; removing one of several, and new recovery codes."""
        user = _member(request)
        if request.method == "POST":
            if not steps.has_just_confirmed(request):
                return _confirm("second_factor_own")
            if "renew" in request.POST:
                renew_staff_recovery_codes(key=str(uuid7()), user_id=user.pk)
                _tell(user, "recovery_codes_generated")
                return _to("second_factor_recovery_codes")
            self._remove(request, user)
            return _to("second_factor_own")
        return self._page(request, "own", {"title": "Your second factor", "factors": factors_of(user.pk)})

    @_unseen
    def add_passkey(self, request: HttpRequest) -> HttpResponse:
        """Register a passkey with this browser, a telephone or a key that is plugged in."""
        if not steps.has_just_confirmed(request):
            return _confirm("second_factor_passkey")
        user = _member(request)
        form = PasskeyForm(request.POST or None)
        if form.is_valid():
            add_staff_passkey(key=str(uuid7()), user_id=user.pk, **form.cleaned_data)
            _tell(user, "webauthn_added")
            messages.success(request, "The passkey is added.")
            return _to("second_factor_own")
        context = {
            "title": "Add a passkey",
            "form": form,
            "options": webauthn.begin_registration(user, passwordless=False),
        }
        return self._page(request, "passkey", context, status=400 if form.is_bound else 200)

    @_unseen
    def recovery_codes(self, request: HttpRequest) -> HttpResponse:
        """The recovery codes, shown once; afterwards how many are left."""
        row = Authenticator.objects.filter(user_id=_member(request).pk, type=RECOVERY_CODES).first()
        codes: list[str] = []
        if row is not None and not row.wrap().did_view and steps.has_just_confirmed(request):
            codes = row.wrap().get_unused_codes()
            row.wrap().mark_as_viewed()
        return self._page(request, "recovery_codes", {"title": "Recovery codes", "codes": codes})

    def _remove(self, request: HttpRequest, user: User) -> None:
        chosen = next((each for each in factors_of(user.pk) if str(each.id) == request.POST.get("remove")), None)
        try:
            remove_staff_factor(key=str(uuid7()), user_id=user.pk, factor_id=chosen.id if chosen else 0)
        except Refusal as refusal:
            messages.error(request, refusal.detail)
        else:
            _tell(user, "webauthn_removed" if chosen and chosen.factor == "passkey" else "totp_deactivated")
            messages.success(request, "It counts no more.")

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
        known = {**self._site.each_context(request), **context}
        return TemplateResponse(request, f"{_TEMPLATES}/{name}.html", known, status=status)


def _given(request: HttpRequest, person: Person) -> tuple[Any, list[str]]:
    """The form in which a right factor was given, else what was wrong with what was sent."""
    if request.method != "POST":
        return None, []
    if "credential" in request.POST:
        form = (StaffPasskeyForm if person.waiting else StaffPasskeyAgainForm)(request.POST, user=person.user)
    else:
        form = (StaffCodeForm if person.waiting else StaffCodeAgainForm)(request.POST, user=person.user)
    if form.is_valid():
        return form, []
    return None, [str(fault) for faults in form.errors.values() for fault in faults]


def _enrolment(form: EnrolForm, person: Person) -> dict[str, Any]:
    adapter = get_mfa_adapter()
    picture = adapter.build_totp_svg(adapter.build_totp_url(person.user, form.secret))
    return {
        "title": "Set up your second factor",
        "form": form,
        "person": person,
        "secret": " ".join(form.secret[start : start + 4] for start in range(0, len(form.secret), 4)),
        "picture": "data:image/svg+xml;base64," + base64.b64encode(picture.encode()).decode(),
    }


def _member(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _to(name: str) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse(f"admin:{name}"))


def _confirm(back_to: str) -> HttpResponseRedirect:
    """To the page that asks for the factor, and from there back."""
    return HttpResponseRedirect(f"{reverse('admin:second_factor')}?{urlencode({'next': reverse(f'admin:{back_to}')})}")


def _tell(user: User, what: str) -> None:
    """Write to the staff member what has changed."""
    get_account_adapter().send_notification_mail(f"mfa/email/{what}", user, email=user.email)
