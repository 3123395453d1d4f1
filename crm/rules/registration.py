"""Who may register, and what a complete registration says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from crm.rules.countries import is_country

FULL_AGE_YEARS: Final = 18
"""A contract for leveraged trading needs full age. Source: capacity to contract, in every jurisdiction served."""

OLDEST_YEARS: Final = 120


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong with one field: a stable code and a sentence for a person."""

    field: str
    code: str
    text: str


def age_on(day: date, born: date) -> int:
    """Full years of age on a day. Somebody born on 29 February comes of age on 1 March."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def faults_of_registration(*, country: str, date_of_birth: date, today: date) -> list[Fault]:
    """What speaks against a registration; empty when nothing does."""
    faults = []
    if not is_country(country):
        faults.append(Fault(field="country", code="unknown-country", text="Give the two-letter code of ISO 3166."))
    fault = fault_of_date_of_birth(date_of_birth, today=today)
    if fault is not None:
        faults.append(fault)
    return faults


def fault_of_date_of_birth(date_of_birth: date, *, today: date) -> Fault | None:
    """What speaks against a date of birth, or None."""
    years = age_on(today, date_of_birth)
    if years < 0 or years > OLDEST_YEARS:
        return Fault(field="date_of_birth", code="implausible-date", text="This can't be a date of birth.")
    if years < FULL_AGE_YEARS:
        text = f"Clients are at least {FULL_AGE_YEARS} years old."
        return Fault(field="date_of_birth", code="under-age", text=text)
    return None
