"""Production's settings, as a process of its own reads them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from fintech.stack.layout import REPOSITORY


def settings_shown(folder: Path, *names: str, **told: str) -> subprocess.CompletedProcess[str]:
    """Prints the settings of these names, in a cell of addresses that lead nowhere, told what is more."""
    file = folder / "secrets.json"
    secrets = ("django/secret-key", "valkey/password")
    file.write_text(json.dumps({f"production/eu/{name}": "x" * 64 for name in secrets}))
    file.chmod(0o600)
    named = {
        "DJANGO_SETTINGS_MODULE": "fintech.project.settings.production",
        "FINTECH_CELLS": "eu",
        "FINTECH_REGION": "eu-central-1",
        "FINTECH_SECRETS_PATH": str(file),
        **{f"FINTECH_{name}_HOST": f"{name.lower()}.invalid" for name in ("PRIMARY", "VALKEY", "SMTP")},
        "FINTECH_CERTIFICATE_AUTHORITY": "/nowhere",
    }
    show = f"from django.conf import settings; print(*(getattr(settings, name) for name in {names!r}))"
    return subprocess.run(
        [sys.executable, "-c", show],
        cwd=REPOSITORY,
        env={**os.environ, **named, **told},
        capture_output=True,
        text=True,
        check=False,
    )
