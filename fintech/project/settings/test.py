"""Tests: the local settings on a stack of their own, with quick password hashing.

Each run takes its own folder and ports, so that two runs never meet; so does each process of a run that is spread over
several (pytest-xdist). With FINTECH_TEST_SLOT a run has a name instead,
and its engines stay up for the next run of that name, as long as the migrations are the same.
"""

from __future__ import annotations

import os
import zlib

from fintech.stack import engine_home, local_secrets
from fintech.stack.engine_user import EngineUser
from fintech.stack.layout import REPOSITORY, LocalLayout, cells_of

SLOT = os.environ.get("FINTECH_TEST_SLOT") or str(os.getpid())
os.environ.setdefault("FINTECH_LOCAL_ROOT", str(REPOSITORY / ".local" / f"test-{SLOT}"))
os.environ.setdefault("FINTECH_BASE_PORT", str(20000 + zlib.crc32(SLOT.encode()) % 75 * 160))
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
if os.environ.get("FINTECH_TEST_WORKER", "") != WORKER:
    # Inherited from the process that spreads the tests; what this one starts inherits its own.
    _PORTS = 160 * (1 + int(WORKER.removeprefix("gw")))
    os.environ["FINTECH_TEST_WORKER"] = WORKER
    os.environ["FINTECH_LOCAL_ROOT"] = f"{os.environ['FINTECH_LOCAL_ROOT']}/{WORKER}"
    os.environ["FINTECH_BASE_PORT"] = str(int(os.environ["FINTECH_BASE_PORT"]) + _PORTS)

# The engines start later in this process, but settings are read now, and need their passwords.
_LAYOUT = LocalLayout.from_environment()
engine_home.prepare_root(_LAYOUT, EngineUser.choose())
local_secrets.make_missing(_LAYOUT.secrets_file, cells_of())

from fintech.project.settings.local import *  # noqa: F403

# Verifying a password shall take long, except in tests.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# A suite asks more often than any caller should; the throttles' own tests set limits of theirs.
FINTECH_THROTTLES = {"api": "100000/60", "anonymous": "100000/60"}
# Nobody waits ten seconds for a test of slow bodies.
FINTECH_BODY_SECONDS = 2.0
# Every client of a test would look through all static files anew: each is looked for when it is asked for.
WHITENOISE_AUTOREFRESH = True
