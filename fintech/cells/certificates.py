"""When the certificates of a cell's servers end, as they show them to whoever connects (P28)."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from django.conf import settings

from fintech.cells.topology import Endpoint, served_cell

HTTPS_PORT: Final = 443
VALKEY_PORT: Final = 6379
ANSWER_SECONDS: Final = 2.0
# PostgreSQL, Frontend/Backend Protocol, SSLRequest: its length, then the code that asks for TLS.
_SSL_REQUEST: Final = struct.pack("!II", 8, 80877103)


def certificate_ends(cell_name: str) -> Mapping[str, float]:
    """The end (UNIX time) of the certificate of each server of the cell that answers, by its part there.

    Looks at the primary, the replica, Valkey, and the public hosts that FINTECH_PUBLIC_HOSTS names.
    """
    served = served_cell(cell_name)
    ends: dict[str, float] = {}
    for part, endpoint in (("primary", served.primary), ("replica", served.replica)):
        if endpoint is not None and (end := _end_of_database(endpoint)) is not None:
            ends[part] = end
    valkey = urlsplit(settings.VALKEY_URL)
    behind_tls = [("valkey", valkey.hostname or "", valkey.port or VALKEY_PORT)]
    behind_tls += [(host, host, HTTPS_PORT) for host in getattr(settings, "FINTECH_PUBLIC_HOSTS", ())]
    for part, host, port in behind_tls:
        if (end := _end_of_tls(host, port)) is not None:
            ends[part] = end
    return ends


def _end_of_database(endpoint: Endpoint) -> float | None:
    try:
        with socket.create_connection((endpoint.host, endpoint.port), timeout=ANSWER_SECONDS) as plain:
            plain.sendall(_SSL_REQUEST)
            return _end_behind(plain, endpoint.host) if plain.recv(1) == b"S" else None
    except OSError:
        return None


def _end_of_tls(host: str, port: int) -> float | None:
    try:
        with socket.create_connection((host, port), timeout=ANSWER_SECONDS) as plain:
            return _end_behind(plain, host)
    except OSError:
        return None


def _end_behind(plain: socket.socket, host: str) -> float | None:
    """The end of the certificate that a server shows; one that has ended already is looked at too."""
    context = ssl.create_default_context()
    # Nothing is sent over this connection: who stands there is verified by those who send something.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with context.wrap_socket(plain, server_hostname=host) as secured:
        shown = secured.getpeercert(binary_form=True)
    return None if shown is None else x509.load_der_x509_certificate(shown).not_valid_after_utc.timestamp()
