"""The local certificate authority and the certificates of the local servers.

So that TLS with verify-full holds on a developer's machine as in production. Keys are ECDSA P-256.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_LIFE = datetime.timedelta(days=3650)
SERVER_LIFE = datetime.timedelta(days=365)
# What ends sooner than this is made anew at the next start.
RENEW_BEFORE_END = datetime.timedelta(days=30)
CLOCK_TOLERANCE = datetime.timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Authority:
    """A certificate authority that signs the local servers' certificates."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def issue(self, *, name: str, certificate_file: Path, key_file: Path) -> None:
        """Write a certificate for 127.0.0.1 and localhost and its key, unless a usable one stands there."""
        if key_file.exists() and self._is_usable(certificate_file):
            return
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _sign(self, name=name, public_key=key.public_key())
        _write_private(key_file, _key_in_pem(key))
        certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def _is_usable(self, file: Path) -> bool:
        try:
            certificate = x509.load_pem_x509_certificate(file.read_bytes())
            certificate.verify_directly_issued_by(self.certificate)
        except (OSError, ValueError, TypeError, InvalidSignature):
            return False
        return _lasts(certificate)


def load_or_make_authority(*, certificate_file: Path, key_file: Path) -> Authority:
    """The authority of an earlier start, or a new one when there is none or it ends soon."""
    try:
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
        if isinstance(key, ec.EllipticCurvePrivateKey) and _lasts(certificate):
            return Authority(certificate=certificate, key=key)
    except (OSError, ValueError):
        pass
    authority = _make_authority()
    _write_private(key_file, _key_in_pem(authority.key))
    certificate_file.write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
    return authority


def _make_authority() -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _named("Local development authority")
    certificate = (
        _unsigned(subject=name, issuer=name, public_key=key.public_key(), life=AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate=certificate, key=key)


def _sign(authority: Authority, *, name: str, public_key: ec.EllipticCurvePublicKey) -> x509.Certificate:
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    return (
        _unsigned(
            subject=_named(name),
            issuer=authority.certificate.subject,
            public_key=public_key,
            life=SERVER_LIFE,
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(issuer_key, critical=False)
        .sign(authority.key, hashes.SHA256())
    )


def _unsigned(
    *, subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, life: datetime.timedelta
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_TOLERANCE)
        .not_valid_after(now + life)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _lasts(certificate: x509.Certificate) -> bool:
    return certificate.not_valid_after_utc - datetime.datetime.now(datetime.UTC) > RENEW_BEFORE_END


def _key_in_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write_private(file: Path, content: bytes) -> None:
    # Made anew with mode 600, so that it was never readable by others, not even for a moment.
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)
