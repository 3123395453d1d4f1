"""Reading clients, and opening their sealed data for who may see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from crm.models import Client, User
from fintech.privacy.sealing import unseal_all


@dataclass(frozen=True, kw_only=True)
class PersonalData:
    """A client's personal data in clear; None for what isn't given or has been erased."""

    full_name: str | None
    address: str | None
    date_of_birth: date | None
    phone: str | None


def client_of_user(user_id: UUID) -> Client | None:
    """The client that signs in as this user; None for staff."""
    return Client.objects.filter(user_id=user_id).first()


def client_id_of_user(user_id: UUID) -> UUID | None:
    """The id of the client that signs in as this user; None for staff."""
    return Client.objects.filter(user_id=user_id).values_list("pk", flat=True).first()


def user_by_email(email: str) -> User | None:
    """The user with this address to sign in with, whatever its letter case."""
    return User.objects.filter(email=email.strip().lower()).first()


def personal_data(client: Client) -> PersonalData:
    """What is known of the person. Whoever shows it to staff records the look first (`services.looks`)."""
    sealed = (client.full_name_sealed, client.address_sealed, client.date_of_birth_sealed, client.phone_sealed)
    opened = iter(unseal_all("crm", [bytes(each) for each in sealed if each is not None]))
    full_name, address, born, phone = (None if each is None else next(opened) for each in sealed)
    return PersonalData(
        full_name=full_name,
        address=address,
        date_of_birth=None if born is None else date.fromisoformat(born),
        phone=phone,
    )
