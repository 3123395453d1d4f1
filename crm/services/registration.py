"""Registering a client, and the proof of the e-mail address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from crm.models import Client, User
from crm.rules.countries import risk_of_residence
from crm.rules.registration import faults_of_registration
from crm.selectors.introducing_brokers import broker_by_code
from crm.services.introducing_brokers import record_introduction
from crm.services.standing import locked_client, record_first_standing
from fintech.cells import current_cell
from fintech.cells.identifiers import uuid7
from fintech.factlog import record
from fintech.facts.crm import ClientRegistered, EmailConfirmed
from fintech.journal import Refusal, inside_decision, verb
from fintech.privacy.sealing import seal_all


@dataclass(frozen=True, kw_only=True)
class Registered:
    """The ids that a registration has made."""

    client_id: UUID
    user_id: UUID


@verb("crm")
def register_client(
    *,
    key: str,
    entity: str,
    email: str,
    password_hash: str,
    full_name: str,
    country: str,
    date_of_birth: date,
    address: str,
    phone: str | None = None,
    ib_code: str | None = None,
) -> Registered:
    """Make a user and a client of the regulatory entity; the personal data go in sealed.

    Refuses an address that is taken, a person under age, an unknown country and an unknown broker's code.
    """
    decision = inside_decision("crm")
    code = current_cell().jurisdiction.entity(entity).code
    _refuse_faults(country=country, date_of_birth=date_of_birth, today=decision.recorded_at.date())
    user = _new_user(email, password_hash)
    client_id = uuid7()
    texts = {"full_name": full_name, "address": address, "date_of_birth": date_of_birth.isoformat()}
    if phone:
        texts["phone"] = phone
    sealed = seal_all("crm", person_id=client_id, retention="identity", texts=texts)
    client = Client.objects.create(
        id=client_id,
        user=user,
        entity=code,
        country=country,
        full_name_sealed=sealed["full_name"],
        address_sealed=sealed["address"],
        date_of_birth_sealed=sealed["date_of_birth"],
        phone_sealed=sealed.get("phone"),
        risk=Client.Risk(risk_of_residence(country)),
        standing_since=decision.recorded_at,
        registered_at=decision.recorded_at,
    )
    record(ClientRegistered(client_id=client_id, user_id=user.pk, entity=code), subject=("client", client_id))
    record_first_standing(client)
    if ib_code:
        record_introduction(client, broker_by_code(ib_code))
    return Registered(client_id=client_id, user_id=user.pk)


@verb("crm")
def confirm_email(*, key: str, client_id: UUID) -> bool:
    """Note that the client has proved the e-mail address; gives whether it is news."""
    client = locked_client(client_id)
    if client.email_confirmed_at is not None:
        return False
    client.email_confirmed_at = inside_decision("crm").recorded_at
    client.save(update_fields=["email_confirmed_at"])
    record(EmailConfirmed(client_id=client_id), subject=("client", client_id))
    return True


def _new_user(email: str, password_hash: str) -> User:
    """A new user. Two registrations of one address at the same moment end with one user and one refusal."""
    user = User(email=email.strip().lower(), password=password_hash)
    User.objects.bulk_create([user], ignore_conflicts=True)
    if not User.objects.filter(pk=user.pk).exists():
        raise Refusal("email-taken", "There is an account with this e-mail address already.")
    return user


def _refuse_faults(*, country: str, date_of_birth: date, today: date) -> None:
    faults = faults_of_registration(country=country, date_of_birth=date_of_birth, today=today)
    if faults:
        fields = [{"field": fault.field, "rule": fault.code} for fault in faults]
        raise Refusal("registration-not-acceptable", faults[0].text, status=422, fields=fields)
