"""Passwords that an operator gives: checked like everybody's, and hashed before any verb sees them."""

from __future__ import annotations

import getpass
import sys

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from crm.models import User


def hashed(password: str, *, email: str) -> str:
    """The hash of an acceptable password. Raises ValidationError, which says what is wrong with it."""
    validate_password(password, User(email=email))
    return make_password(password)


def ask_password(*, email: str, from_standard_input: bool) -> str:
    """The hash of a password typed twice, or of the first line of standard input."""
    if from_standard_input:
        password = sys.stdin.readline().rstrip("\n")
    else:
        password = getpass.getpass(f"Password for {email}: ")
        if getpass.getpass("Again: ") != password:
            raise CommandError("the two passwords differ")
    try:
        return hashed(password, email=email)
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from None
