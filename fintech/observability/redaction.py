"""What never stands in a log: personal data and credentials. Pure.

The first protection is that nobody logs them: log ids and codes. This is the second, for what
slips in through an exception's text or a library: fields are blanked by name, and e-mail
addresses, quoted rows of the database and credentials are blanked in any text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

BLANK: Final = "[redacted]"

# Compared with names in lower case, hyphens as underscores; endings count too (`client_email`).
_FIELDS: Final = frozenset(
    {
        "account_holder",
        "address",
        "answer",
        "api_key",
        "authorization",
        "birth_date",
        "body",
        "card_number",
        "city",
        "cookie",
        "cookies",
        "csrftoken",
        "cvc",
        "date_of_birth",
        "document",
        "email",
        "first_name",
        "full_name",
        "headers",
        "iban",
        "ip",
        "ip_address",
        "key_material",
        "last_name",
        "middle_name",
        "mobile",
        "nationality",
        "otp",
        "passport",
        "password",
        "payload",
        "phone",
        "phone_number",
        "postal_code",
        "postcode",
        "query_string",
        "raw",
        "remote_addr",
        "secret",
        "session_key",
        "sessionid",
        "set_cookie",
        "street",
        "surname",
        "tax_id",
        "ticket",
        "token",
        "user_agent",
        "username",
        "x_forwarded_for",
        "x_session_token",
    }
)

_TEXTS: Final = (
    # PostgreSQL quotes the row or key that it refused: "Key (email)=(maria@example.com) already exists."
    (re.compile(r"(?m)^(\s*(?:DETAIL|CONTEXT|QUERY|STATEMENT):).*$"), rf"\1 {BLANK}"),
    (re.compile(r"\b(Key \([^)]{0,200}\))=\(.{0,2000}?\)(?= |$)"), rf"\1=({BLANK})"),
    (re.compile(r"(Failing row contains) \(.*\)"), rf"\1 ({BLANK})"),
    # Credentials by their usual forms: in addresses, headers, assignments, and by known prefixes.
    (re.compile(r"(?i)(://[^\s:/@]*):[^\s@/]+@"), rf"\1:{BLANK}@"),
    # E-mail addresses, after what looks like one in a URL; bounded, so that a long text takes no long time.
    (re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,9}"), BLANK),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}"), rf"\1 {BLANK}"),
    (
        re.compile(r"""(?i)\b((?:password|passwd|secret|token|api[_-]?key)["']?\s*[=:]\s*["']?)[^\s"',;&)}]+"""),
        rf"\1{BLANK}",
    ),
    (re.compile(r"\b(?:whsec|sk_live|sk_test|rk_live)_[\w+/=-]+"), BLANK),
)

# What each of them needs at the least. Most texts of a log have none of it: they are looked at once, not eight times.
_NEEDED: Final = re.compile(r"(?i)[@=:(]|\b(?:bearer|basic)\s|(?:whsec|sk_live|sk_test|rk_live)_")


def redacted_text(text: str) -> str:
    """The text with addresses, quoted rows and credentials blanked."""
    if _NEEDED.search(text) is None:
        return text
    for pattern, replacement in _TEXTS:
        text = pattern.sub(replacement, text)
    return text


def redacted(value: object, *, name: str = "") -> object:
    """A value that is safe to write: blank by its name, else with its texts redacted, at any depth."""
    if is_personal(name):
        return BLANK
    if isinstance(value, bytes | bytearray | memoryview):
        return f"[{len(value)} bytes]"
    if isinstance(value, Mapping):
        return {str(key): redacted(inner, name=str(key)) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redacted(inner) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    # Anything else is written by its text, which may hold what its fields hold.
    return redacted_text(str(value))


@lru_cache(maxsize=1024)
def is_personal(name: str) -> bool:
    """Whether a field of this name is never written."""
    plain = name.lower().replace("-", "_")
    return plain in _FIELDS or any(plain.endswith(f"_{field}") for field in _FIELDS)
