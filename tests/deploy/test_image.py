"""What must not be in an image is found where it is planted, and the Dockerfile's base can't change unseen."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from deploy.image import authorities
from deploy.image.base import DOCKERFILE, pinned_base
from deploy.image.bill_of_materials import with_system
from deploy.image.buildah import NotBuilt
from deploy.image.container import command_line, environment_of
from deploy.image.looked_through import PUBLIC, findings

CONFIGURATION: dict[str, Any] = {
    "User": "10001:10001",
    "WorkingDir": "/srv/app",
    "Env": ["PATH=/srv/venv/bin:/bin", "DJANGO_SETTINGS_MODULE=production"],
    "Healthcheck": {"Test": ["CMD", "python"]},
}
STATUS = """Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9+deb12u14
Description: a library
 of many lines

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1
"""


RDS = authorities.FILE.read_text(encoding="ascii")
TODAY = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)


def signed_by_itself(name: str, *, days: int = 9000, authority: bool = True) -> str:
    """A certificate of this common name."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(TODAY)
        .not_valid_after(TODAY + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def written(root: Path, name: str, text: str = "", mode: int = 0o644) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The root of an image with nothing wrong."""
    written(tmp_path, "srv/app/manage.py")
    written(tmp_path, "srv/app/__pycache__/manage.cpython-311.pyc")
    written(tmp_path, "srv/static/admin/css/base.css")
    written(tmp_path, "srv/certificates/rds.pem", RDS)
    written(tmp_path, PUBLIC, "".join(map(signed_by_itself, authorities.AZURE)))
    written(tmp_path, "usr/bin/python3", mode=0o755)
    written(tmp_path, "var/lib/dpkg/status", STATUS)
    return tmp_path


def test_nothing_is_found_where_nothing_is_wrong(root: Path) -> None:
    assert findings(root, CONFIGURATION) == []


@pytest.mark.parametrize(
    ("plant", "finding"),
    [
        (lambda root: written(root, "usr/bin/gcc"), "/usr/bin/gcc: a tool"),
        (lambda root: written(root, "srv/venv/bin/pip"), "/srv/venv/bin/pip: a tool"),
        (lambda root: written(root, "usr/lib/python3.11/ensurepip/x.py"), "/usr/lib/python3.11/ensurepip: an inst"),
        (
            lambda root: written(root, "usr/local/lib/python3.11/site-packages/pip/x.py"),
            "/usr/local/lib/python3.11/site-packages/pip: an installer",
        ),
        (lambda root: written(root, "usr/bin/su", mode=0o4755), "/usr/bin/su: gives rights"),
        (lambda root: written(root, "srv/app/crm.pyc", mode=0o666), "/srv/app/crm.pyc: can be changed"),
        (lambda root: written(root, "srv/app/crm/new.py"), "/srv/app/crm/new.py: isn't compiled"),
        (lambda root: written(root, "srv/app/crm/tests/x.txt"), "/srv/app/crm/tests: isn't part"),
        (lambda root: (root / "srv/app/manage.py").unlink(), "/srv/app holds no manage.py"),
        (lambda root: (root / "srv/static/admin/css/base.css").unlink(), "/srv/static holds no static files"),
        (lambda root: (root / "srv/certificates/rds.pem").unlink(), "/srv/certificates/rds.pem: holds no authority"),
        (lambda root: written(root, "srv/certificates/rds.pem", "x"), "/srv/certificates/rds.pem: can't be read"),
        (
            lambda root: written(
                root, "etc/ssl/certs/ca-certificates.crt", signed_by_itself("DigiCert Global Root G2")
            ),
            "/etc/ssl/certs/ca-certificates.crt: holds no Microsoft RSA Root Certificate Authority 2017",
        ),
    ],
)
def test_what_is_planted_is_found(root: Path, plant: Callable[[Path], object], finding: str) -> None:
    plant(root)
    assert [found for found in findings(root, CONFIGURATION) if found.startswith(finding)]


def test_the_image_brings_the_authorities_of_rds_where_data_may_stand() -> None:
    assert list(authorities.findings(RDS, authorities.wanted_regions(), today=TODAY)) == []
    assert RDS.count("BEGIN CERTIFICATE") == len(authorities.wanted_regions()) * len(authorities.KINDS)


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        (signed_by_itself("Amazon RDS us-east-1 Root CA RSA2048 G1"), "which is none of RDS' in a region of ours"),
        (signed_by_itself("Somebody"), "holds 'Somebody', which is none of RDS'"),
        (signed_by_itself("Amazon RDS eu-central-1 Root CA RSA2048 G1", days=300), "ends on 2027-08-28"),
        (signed_by_itself("Amazon RDS eu-central-1 Root CA RSA2048 G1", authority=False), "no authority that stands"),
        ("", "holds no authority of eu-central-1 for ECC384"),
    ],
)
def test_an_authority_that_isnt_wanted_is_found(text: str, finding: str) -> None:
    found = list(authorities.findings(text, {"eu-central-1"}, today=TODAY))
    assert [each for each in found if finding in each], found


def test_another_package_than_the_pinned_one_is_refused() -> None:
    with pytest.raises(authorities.NotTaken, match="isn't the pinned one"):
        authorities.chosen(b"another", {"eu-central-1"})


@pytest.mark.parametrize("user", ["", "0", "0:0", "fintech"])
def test_an_image_that_runs_as_root_or_by_a_name_is_found(root: Path, user: str) -> None:
    assert findings(root, {**CONFIGURATION, "User": user}) == [
        f"it runs as user {user.partition(':')[0] or 'root'!r}; name an unprivileged one by its number"
    ]


def test_an_image_without_health_check_is_found(root: Path) -> None:
    assert findings(root, {**CONFIGURATION, "Healthcheck": None}) == ["it has no health check"]


def test_the_base_is_pinned_by_its_digest() -> None:
    assert "@sha256:" in pinned_base(DOCKERFILE.read_text())
    with pytest.raises(NotBuilt, match="by its digest"):
        pinned_base("ARG BASE=docker.io/library/python:3.11-slim-bookworm\n")


def test_every_stage_is_built_on_the_pinned_base() -> None:
    stages = [line.split()[1] for line in DOCKERFILE.read_text().splitlines() if line.startswith("FROM ")]
    assert stages == ["${BASE}", "${BASE}"]


def test_the_bill_of_materials_lists_the_systems_packages_too(root: Path) -> None:
    bill = with_system({"components": [{"name": "django"}]}, root, name="fintech", version="abc")
    assert [component["name"] for component in bill["components"]] == ["django", "libc6"]
    assert bill["components"][1]["purl"] == "pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64"
    assert bill["metadata"]["component"]["version"] == "abc"


def test_a_command_is_started_in_the_image_with_no_more_than_a_service_is_told() -> None:
    described = {"root": "/image", "configuration": CONFIGURATION}
    words = command_line(["python", "manage.py"], described, "/stack")
    assert words[-7:] == ["/image", "/srv/app", "10001", "10001", "/stack", "python", "manage.py"]
    outside = {"HOME": "/root", "PATH": "/usr/bin", "FINTECH_CELLS": "eu", "FINTECH_LOCAL_ROOT": "/stack"}
    assert environment_of(described, outside) == {
        "PATH": "/srv/venv/bin:/bin",
        "DJANGO_SETTINGS_MODULE": "production",
        "FINTECH_CELLS": "eu",
        "FINTECH_LOCAL_ROOT": "/run/stack",
    }
