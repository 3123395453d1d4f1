"""What clients tell about themselves, and change."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from crm.rules.registration import fault_of_date_of_birth
from crm.services.standing import locked_client
from fintech.factlog import record
from fintech.facts.crm import ProfileChanged
from fintech.journal import Refusal, inside_decision, verb
from fintech.privacy.sealing import seal_all


@verb("crm")
def change_profile(
    *,
    key: str,
    client_id: UUID,
    full_name: str | None = None,
    address: str | None = None,
    date_of_birth: date | None = None,
    phone: str | None = None,
) -> UUID:
    """Change what is given, leave the rest.

    Name and date of birth of a verified client are what the documents proved: they change with a new case only.
    """
    client = locked_client(client_id)
    if client.verified_at is not None and (full_name or date_of_birth):
        detail = "Your identity is verified: name and date of birth can be changed by support only."
        raise Refusal("identity-verified-already", detail, verified_at=client.verified_at)
    if date_of_birth is not None:
        _refuse_date_of_birth(date_of_birth)
    given = {
        "full_name": full_name,
        "address": address,
        "date_of_birth": date_of_birth.isoformat() if date_of_birth else None,
        "phone": phone,
    }
    texts = {name: text for name, text in given.items() if text}
    sealed = seal_all("crm", person_id=client_id, retention="identity", texts=texts)
    columns = []
    for name, ciphertext in sealed.items():
        columns.append(f"{name}_sealed")
        setattr(client, columns[-1], ciphertext)
    if columns:
        client.save(update_fields=columns)
        record(ProfileChanged(client_id=client_id, columns=tuple(columns)), subject=("client", client_id))
    return client_id


def _refuse_date_of_birth(date_of_birth: date) -> None:
    fault = fault_of_date_of_birth(date_of_birth, today=inside_decision("crm").recorded_at.date())
    if fault is not None:
        raise Refusal(fault.code, fault.text, status=422)
