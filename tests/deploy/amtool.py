"""Alertmanager's own tool on the rendered configuration: `python -m tests.deploy.amtool`.

It reads each file, and says to whom it would bring each alert. The tool is Debian's package `prometheus-alertmanager`
(its `amtool`); FINTECH_AMTOOL names one that stands elsewhere. Prometheus' tool reads the server's configuration.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

from deploy.definition import read_alerts
from deploy.monitoring import alertmanager, new_relic


def main() -> int:
    """Ask; 1 when something isn't as it should be."""
    tool = os.environ.get("FINTECH_AMTOOL") or shutil.which("amtool")
    prometheus = os.environ.get("FINTECH_PROMTOOL") or shutil.which("promtool")
    if tool is None or prometheus is None:
        print("amtool isn't on the path: install Debian's packages prometheus-alertmanager and prometheus")
        return 1
    found = [*_configurations(tool), *_servers(prometheus)]
    files = len(alertmanager.rendered())
    print(
        "\n".join(found)
        or f"amtool: {files} configurations, {files * len(read_alerts())} alerts brought where they belong"
    )
    return 1 if found else 0


def _configurations(tool: str) -> Iterator[str]:
    for path in alertmanager.rendered():
        yield from _refused(path.name, tool, "check-config", str(path))
        for name, alert in read_alerts().items():
            wanted = alertmanager.receiver(alert.severity)
            yield from _refused(
                f"{path.name}, {name}", tool, "config", "routes", "test", f"--config.file={path}",
                f"--verify.receivers={wanted}", f"severity={alert.severity}", f"alertname={name}", "cell=eu",
            )  # fmt: skip


def _servers(tool: str) -> Iterator[str]:
    for path in new_relic.rendered():
        if path.name.endswith(".server.json"):
            # Its key's file is where it runs, not here.
            yield from _refused(path.name, tool, "check", "config", "--syntax-only", str(path))


def _refused(what: str, *command: str) -> Iterator[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        yield f"{what}: {(done.stdout + done.stderr).strip()[-500:]}"


if __name__ == "__main__":
    sys.exit(main())
