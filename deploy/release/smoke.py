"""What is looked at after a deploy, from outside as clients see it: each door answers by TLS, and none that mustn't."""

from __future__ import annotations

from typing import Final

import httpx

from deploy.definition import CellPlace

# Path and status: the back office, its static files, the API with its schema, and what nobody outside may see.
DOORS: Final = {
    "/admin/login/": 200,
    "/static/admin/css/base.css": 200,
    "/api/v1/openapi.json": 200,
    "/api/v1/profile": 401,
    "/metrics": 404,
}
SECONDS: Final = 10.0


def smoke(cell: CellPlace, *, transport: httpx.BaseTransport | None = None) -> list[str]:
    """Everything that isn't as it should be at the cell's hosts."""
    found: list[str] = []
    for host in cell.hosts:
        with httpx.Client(base_url=f"https://{host}", timeout=SECONDS, transport=transport) as client:
            for path, status in DOORS.items():
                found += _asked(client, host, path, status)
    return found


def _asked(client: httpx.Client, host: str, path: str, status: int) -> list[str]:
    try:
        answer = client.get(path)
    except httpx.HTTPError as error:
        return [f"https://{host}{path}: {error}"]
    if answer.status_code != status:
        return [f"https://{host}{path}: {answer.status_code}, not {status}"]
    if status == 200 and "strict-transport-security" not in answer.headers:
        return [f"https://{host}{path}: lets browsers come back without TLS"]
    return []
