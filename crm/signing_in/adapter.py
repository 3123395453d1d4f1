"""allauth's adapter: it registers through crm's verb and sends mails through crm's queue."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal import flows
from allauth.core import context as allauth_context
from allauth.core.exceptions import ImmediateHttpResponse, ReauthenticationRequired
from allauth.headless.base.response import AuthenticationResponse
from django.contrib.auth.hashers import make_password
from django.core.exceptions import PermissionDenied
from django.core.mail import EmailMultiAlternatives
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse

from crm.models import User
from crm.selectors.clients import client_id_of_user, user_by_email
from crm.selectors.second_factors import second_factor_since
from crm.services.outgoing_mails import queue_mail
from crm.services.registration import register_client
from crm.services.signing_in import change_password
from crm.tasks import send_mail
from fintech.cells import current_cell
from fintech.cells.identifiers import uuid7
from fintech.journal import Refusal
from fintech.jurisdictions import RegulatoryEntity

logger = logging.getLogger("fintech.security")


@dataclass(frozen=True)
class MailSite:
    """What allauth's mail templates know of the sender: the entity's legal name and host."""

    name: str
    domain: str


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Named in ACCOUNT_ADAPTER."""

    def save_user(self, request: HttpRequest, user: User, form: BaseForm, commit: bool = True) -> User:
        """Register user and client in one decision; gives the user.

        An address taken since the form was checked is answered as one taken before: as if a code had been sent.
        """
        given = form.cleaned_data
        try:
            registered = register_client(
                key=str(uuid7()),
                entity=entity_of(request).code,
                email=given["email"],
                # Hashed out here: it takes a while, and no transaction should wait for it.
                password_hash=make_password(given.get("password") or None),
                full_name=given["full_name"],
                country=given["country"],
                date_of_birth=given["date_of_birth"],
                address=given["address"],
                phone=given.get("phone") or None,
                ib_code=given.get("ib_code") or None,
            )
        except Refusal as refusal:
            if refusal.code != "email-taken":
                raise
            hidden = flows.signup.prevent_enumeration(request, email=given["email"])
            raise ImmediateHttpResponse(AuthenticationResponse.from_response(request, hidden)) from None
        return User.objects.get(pk=registered.user_id)

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        """Let no staff in here, whatever they know: their door is the back office.

        allauth would go on by giving them an address to prove, and count it against them wherever it asks for one.
        """
        if user.is_staff:
            logger.warning("staff tried to sign in at the portal's door", extra={"user_id": str(user.pk)})
            as_to_nobody: HttpResponse = AuthenticationResponse(request)
            return as_to_nobody
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return response

    def set_password(self, user: User, password: str) -> None:
        """Change a password by our verb, whichever of allauth's flows asks for it."""
        user.set_password(password)
        change_password(key=str(uuid7()), user_id=user.pk, password_hash=user.password)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Whether a change is to be confirmed. Who has a second factor confirms by it: the password isn't enough.

        Staff change theirs in the back office only, where the last one can't be taken away.
        """
        user = self.request.user
        if app == "allauth.mfa" and user.is_staff:
            raise PermissionDenied
        since = second_factor_since(user.pk)
        if since is not None and not self._has_confirmed_since(since):
            raise ReauthenticationRequired
        return bool(super().is_reauthentication_required(app=app, **kwargs))

    def _has_confirmed_since(self, since: datetime) -> bool:
        """Whether the last confirmation was by a factor, or there was none yet: its first codes are fetched then."""
        records = flows.login.get_authentication_records(self.request, self.request.user)
        confirmed = [each for each in records if each.get("reauthenticated")]
        return bool(confirmed) and (confirmed[-1]["method"] == "mfa" or confirmed[-1]["at"] < since.timestamp())

    def send_account_already_exists_mail(self, email: str) -> None:
        """Tell the owner of an address that it was used to register again; with no link to follow."""
        self.send_mail("account/email/account_already_exists", email, {})

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queue a mail to a user and ring for its task. Strangers get none: nobody may have us write to them."""
        user: User | None = context.get("user") or user_by_email(email)
        if user is None:
            return
        request = allauth_context.request
        entity = entity_of(request)
        site = MailSite(name=entity.legal_name, domain=request.get_host())
        message = self.render_mail(
            template_prefix, email, {"request": request, "email": email, "current_site": site, **context}
        )
        html = None
        if isinstance(message, EmailMultiAlternatives) and message.alternatives:
            html = str(message.alternatives[0][0])
        mail_id = queue_mail(
            key=str(uuid7()),
            person_id=person_of(user),
            template=template_prefix,
            recipient=email,
            subject=str(message.subject),
            text=str(message.body),
            html=html,
        )
        send_mail.delay(str(mail_id))

    def format_email_subject(self, subject: str) -> str:
        """The subject behind the entity's name: clients know the entity, not the host."""
        return f"{entity_of(allauth_context.request).legal_name}: {subject}"


def entity_of(request: HttpRequest) -> RegulatoryEntity:
    """The regulatory entity that answers under the request's host."""
    return current_cell().jurisdiction.entity_for_host(request.get_host().partition(":")[0].rstrip("."))


def person_of(user: User) -> UUID:
    """Under whose key something for this user is sealed: the client's, or the staff member's own."""
    return client_id_of_user(user.pk) or user.pk
