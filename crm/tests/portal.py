"""Doors that tests go through: the portal as an app uses it, and the back office as a browser does."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from uuid import UUID, uuid4

from allauth.core.internal import ratelimit
from django.core import mail
from django.http import HttpResponse
from django.test import Client as HttpClient
from django.test import RequestFactory

from crm.bells import overdue_mails
from crm.models import OutgoingMail, User
from crm.selectors.clients import client_id_of_user
from crm.services.outgoing_mails import send_mail
from crm.services.second_factors import enrol_staff_totp
from crm.services.staff import create_staff
from fintech.cells import Actor, cell
from fintech.journey.one_time_codes import code_of, step_now

PASSWORD = "correct-horse-7-battery"
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64 + b"IEND\xaeB`\x82"


def some_address() -> str:
    """A network address of one's own: limits on guessing count by address."""
    return str(ip_address(0x0A000000 + uuid4().int % 0x1000000))


@dataclass
class App:
    """A client's app: keeps the session token that it was given."""

    cell_name: str = "eu"
    token: str | None = None
    network_address: str = field(default_factory=some_address)
    email: str = field(default_factory=lambda: f"maria.rossi.{uuid4().hex[:12]}@example.com")

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        http = HttpClient(headers={"host": f"{self.cell_name}.localhost"}, REMOTE_ADDR=self.network_address)
        sent = {"X-Session-Token": self.token} if self.token else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        options: dict[str, Any] = {"content_type": "application/json"} if body is not None else {}
        return http.generic(method, path, json.dumps(body) if body is not None else "", headers=sent, **options)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> HttpResponse:
        return self.call("POST", f"/api/v1/{path}", {} if body is None else body, Idempotency_Key=key or str(uuid4()))

    def get(self, path: str) -> Any:
        response = self.call("GET", f"/api/v1/{path}")
        assert response.status_code == 200, response.content
        return response.json()

    def upload(self, case_id: str, content: bytes, *, kind: str = "passport") -> HttpResponse:
        from django.core.files.uploadedfile import SimpleUploadedFile

        http = HttpClient(headers={"host": f"{self.cell_name}.localhost"}, REMOTE_ADDR=self.network_address)
        return http.post(
            f"/api/v1/identity-cases/{case_id}/documents",
            {"kind": kind, "file": SimpleUploadedFile("maria-passport.png", content, "image/png")},
            headers={"X-Session-Token": self.token or "", "Idempotency-Key": str(uuid4())},
        )

    def sign_up(self, **changes: Any) -> HttpResponse:
        body = {
            "email": self.email,
            "password": PASSWORD,
            "full_name": "Maria Rossi",
            "country": "IT" if self.cell_name == "eu" else "AU",
            "date_of_birth": "1985-04-12",
            "address": "Via Garibaldi 7, 20121 Milano",
            **changes,
        }
        response = self.call("POST", "/_allauth/app/v1/auth/signup", body)
        self._keep_token(response)
        return response

    def sign_in(self, password: str = PASSWORD) -> HttpResponse:
        body = {"email": self.email, "password": password}
        response = self.call("POST", "/_allauth/app/v1/auth/login", body)
        self._keep_token(response)
        return response

    def confirm_email(self) -> HttpResponse:
        code = code_in(mails_to(self.cell_name, self.email)[-1].body)
        response = self.call("POST", "/_allauth/app/v1/auth/email/verify", {"key": code})
        self._keep_token(response)
        return response

    def registered(self) -> App:
        """Signed up, confirmed and signed in."""
        assert self.sign_up().status_code == 401
        assert self.confirm_email().status_code == 200
        return self

    @property
    def client_id(self) -> UUID:
        with cell(self.cell_name, actor=Actor.system("test")):
            client_id = client_id_of_user(User.objects.get(email=self.email).pk)
        assert client_id is not None
        return client_id

    def _keep_token(self, response: HttpResponse) -> None:
        self.token = response.json().get("meta", {}).get("session_token", self.token)


def forget_limit_on_codes(cell_name: str, address: str) -> None:
    """As if minutes had passed: another code may be sent to the address."""
    with cell(cell_name, actor=Actor.system("test")):
        ratelimit.clear(RequestFactory().get("/"), app="allauth.account", action="confirm_email", key=address)


def mails_to(cell_name: str, address: str) -> list[mail.EmailMessage]:
    """Send what is queued, as the worker does, and give the mails to one address."""
    with cell(cell_name, actor=Actor.system("test")):
        waiting = OutgoingMail.objects.filter(sent_at__isnull=True).values_list("pk", flat=True)
        for mail_id in {*waiting, *overdue_mails()}:
            send_mail(mail_id)
    return [message for message in mail.outbox if message.to == [address]]


def code_in(text: str) -> str:
    found = re.search(r"^\s*([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})\s*$", text, re.MULTILINE)
    assert found, text
    return found[1]


def answers(app: App) -> dict[str, Any]:
    """Faultless answers to the questions in force."""
    right = {"leverage": "all", "close_out": "closed", "ownership": "claim", "overnight": "swap"}
    right |= {"experience": "some", "afford": "yes", "purpose": "speculation"}
    asked = app.get("appropriateness-questionnaire")
    return {
        "questionnaire": asked["name"],
        "answers": {question["code"]: right[question["code"]] for question in asked["questions"]},
    }


class BackOffice:
    """A browser in the back office, signed in as a new member of some groups."""

    def __init__(self, *groups: str, cell_name: str = "eu") -> None:
        from django.contrib.auth.hashers import make_password

        self.email = f"staff.{uuid4().hex[:12]}@example.com"
        with cell(cell_name, actor=Actor.system("test")):
            self.user_id = create_staff(
                key=str(uuid4()), email=self.email, password_hash=make_password(PASSWORD), groups=groups
            )
            enrol_staff_totp(key=str(uuid4()), user_id=self.user_id, secret=SEED, step=0, replace=False)
        self.http = HttpClient(headers={"host": f"{cell_name}.localhost"}, REMOTE_ADDR=some_address())
        self.give_password(self.http)
        response = self.http.post("/admin/second-factor/", {"code": code_of(SEED, step_now())})
        assert (response.status_code, response["Location"]) == (302, "/admin/"), response.content

    def give_password(self, http: HttpClient) -> None:
        """The first step of signing in, in some browser."""
        response = http.post("/admin/login/?next=/admin/", {"username": self.email, "password": PASSWORD})
        assert (response.status_code, response["Location"]) == (302, "/admin/second-factor/"), response.content

    def get(self, path: str) -> HttpResponse:
        return self.http.get(f"/admin/{path}")

    def form_key(self, path: str) -> str:
        """The idempotency key in a form."""
        found = re.search(rb'name="key" value="([^"]+)"', self.get(path).content)
        assert found
        return found[1].decode()

    def do(self, path: str, *, key: str | None = None, reason: str = "as the guide says", **more: str) -> HttpResponse:
        return self.http.post(f"/admin/{path}", {"key": key or self.form_key(path), "reason": reason, **more})
