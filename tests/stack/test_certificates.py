"""The local certificate authority renews what ends soon and nothing else."""

from __future__ import annotations

import datetime
import ipaddress
import stat
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509

from fintech.stack import certificates
from fintech.stack.certificates import Authority, load_or_make_authority


@dataclass
class Place:
    folder: Path

    def authority(self) -> Authority:
        return load_or_make_authority(
            certificate_file=self.folder / "authority.pem", key_file=self.folder / "authority.key"
        )

    def issue(self) -> x509.Certificate:
        self.authority().issue(
            name="a server", certificate_file=self.folder / "server.crt", key_file=self.folder / "server.key"
        )
        return x509.load_pem_x509_certificate((self.folder / "server.crt").read_bytes())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_certificate_names_the_loopback_address_and_localhost(place: Place) -> None:
    names = place.issue().extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address("127.0.0.1")]


def test_what_lasts_is_kept(place: Place) -> None:
    first = place.issue()
    assert place.issue() == first


def test_a_certificate_that_ends_soon_is_renewed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as context:
        context.setattr(certificates, "SERVER_LIFE", datetime.timedelta(days=29))
        old = place.issue()
    assert place.issue().not_valid_after_utc > old.not_valid_after_utc


def test_a_new_authority_replaces_the_certificates_of_the_old_one(place: Place) -> None:
    old = place.issue()
    (place.folder / "authority.key").unlink()
    new = place.issue()
    assert new != old
    new.verify_directly_issued_by(place.authority().certificate)


def test_keys_are_readable_by_their_owner_only(place: Place) -> None:
    place.issue()
    for name in ("authority.key", "server.key"):
        assert stat.S_IMODE((place.folder / name).stat().st_mode) == 0o600
