"""How far somebody has come in signing in to the back office: the session's own record.

Whoever has given the password is nobody yet: the session names them as waiting, for ten minutes, and no page but those
of the second factor opens. The session is theirs once the second factor is given.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final, cast
from uuid import UUID

from allauth.account import app_settings as account_settings
from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from crm.models import User

_WAITING: Final = "back_office.waiting"
_GIVEN: Final = "back_office.second_factor"
_WAITS_SECONDS: Final = 600


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who stands before a page of the second factor. `waiting`: the password was given, and nothing else yet."""

    user: User
    waiting: bool
    onward: str


def password_given(request: HttpRequest, user: User, *, onward: str) -> None:
    """Note who waits to give the second factor, and where they want to go."""
    request.session.cycle_key()
    request.session[_WAITING] = {"user": str(user.pk), "at": time.time(), "onward": onward}


def person_before(request: HttpRequest) -> Person | None:
    """Who may be asked for a second factor: who waits, else who has signed in with one and confirms."""
    waiting = request.session.get(_WAITING)
    if waiting is not None and time.time() - waiting["at"] < _WAITS_SECONDS:
        user = User.objects.filter(pk=UUID(waiting["user"]), is_active=True, is_staff=True).first()
        if user is not None:
            return Person(user=user, waiting=True, onward=waiting["onward"])
    if has_signed_in(request):
        return Person(user=cast(User, request.user), waiting=False, onward=_onward(request))
    return None


def factor_given(request: HttpRequest, person: Person) -> None:
    """Sign in who waited, and note when the second factor was given."""
    if person.waiting:
        request.session.pop(_WAITING, None)
        login(request, person.user)
    request.session[_GIVEN] = {"user": str(person.user.pk), "at": time.time()}


def has_signed_in(request: HttpRequest) -> bool:
    """Whether the session is that of an active staff member, who has given in it what settings ask for."""
    user = request.user
    if not (user.is_authenticated and user.is_active and user.is_staff):
        return False
    return not settings.FINTECH_STAFF_SECOND_FACTOR or _given_at(request) is not None


def has_just_confirmed(request: HttpRequest) -> bool:
    """Whether the second factor was given so recently that a change of it needs no other one."""
    at = _given_at(request)
    return at is not None and time.time() - at < account_settings.REAUTHENTICATION_TIMEOUT


def _given_at(request: HttpRequest) -> float | None:
    given = request.session.get(_GIVEN)
    if given is None or given["user"] != str(request.user.pk):
        return None
    return float(given["at"])


def _onward(request: HttpRequest) -> str:
    asked = str(request.POST.get("next") or request.GET.get("next") or "")
    if url_has_allowed_host_and_scheme(asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return asked
    return reverse("admin:index")
