"""Contenders that are scripts of pgbench, PostgreSQL's own load generator."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from bench.cell import Cell
from bench.measuring import NotMeasured

SCRIPTS = Path(__file__).parent / "sql"


@dataclass(frozen=True, kw_only=True)
class Pgbench:
    """A script that so many clients run over and over, by prepared statements.

    `operations` is how many the script does each time; the rate is in operations.
    """

    name: str
    cell: Cell
    script: str
    database: str
    role: str
    clients: int
    operations: int = 1
    variables: dict[str, str | int] = field(default_factory=dict)

    def run(self, seconds: float) -> float:
        """Run for whole seconds, at least one."""
        command = [
            str(self.cell.pgbench), "--no-vacuum", "--protocol", "prepared",
            "--file", str(SCRIPTS / f"{self.script}.pgbench"),
            "--client", str(self.clients), "--jobs", str(min(self.clients, os.cpu_count() or 1)),
            "--time", str(max(1, round(seconds))),
            *(f"--define={name}={value}" for name, value in self.variables.items()),
        ]  # fmt: skip
        environment = self.cell.environment(self.database, role=self.role)
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        rate = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
        if done.returncode or rate is None:
            raise NotMeasured(f"{self.name}: pgbench failed: {done.stderr.strip()[:1000]}")
        return float(rate[1]) * self.operations
