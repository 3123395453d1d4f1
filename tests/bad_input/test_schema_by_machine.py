"""schemathesis tries the whole schema against the service `api`, in each cell: as a client, and as nobody.

What it makes up (values at and beyond every limit, wrong types, missing and unknown members, other media types) is
answered as the schema says, and never by a fault of ours. Valid values are mostly refused as well, since they name
nothing that exists: so acceptance isn't checked here, but by the matrix.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from fintech.stack.layout import REPOSITORY
from tests.bad_input.cast import Cast
from tests.bad_input.right_requests import own
from tests.bad_input.servers import Server

pytestmark = pytest.mark.exhaustive

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "negative_data_rejection",
)
EXAMPLES = 10


@pytest.mark.parametrize("who", ["a client", "nobody"])
def test_whatever_a_machine_makes_up_is_answered_as_the_schema_says(
    who: str, cast: Cast, api_server: Server, tried: Counter[str], tmp_path: Path
) -> None:
    headers = {"Host": f"{cast.cell_name}.localhost", **(own(cast.newcomer) if who == "a client" else {})}
    done = subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli", "run", str(REPOSITORY / "docs" / "openapi.json"),
            "--url", f"http://127.0.0.1:{api_server.port}", "--checks", ",".join(CHECKS),
            "--phases", "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES), "--continue-on-failure",
            "--generation-deterministic", "--suppress-health-check", "all",
            "--generation-with-security-parameters", "false",
            "--no-color",
            *(part for name, value in headers.items() for part in ("--header", f"{name}: {value}")),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    told = done.stdout + done.stderr
    assert done.returncode == 0, told[-12_000:]
    tried[f"schemathesis, {who}"] += 1
