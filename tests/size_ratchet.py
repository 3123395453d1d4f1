"""Sizes never get worse: `python -m tests.size_ratchet [--write]`.

tests/sizes.json holds the worst that there is today. Code that is larger is refused; when the code has become
smaller, the smaller numbers are to be committed, so that it stays so. Migrations and tests don't count.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMMITTED = ROOT / "tests" / "sizes.json"
PACKAGES = ("fintech", "crm", "payments", "trading", "audit", "deploy")


def product_files() -> list[Path]:
    """The product's own Python files."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "--", *PACKAGES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = (ROOT / line for line in listed.stdout.splitlines() if line.endswith(".py"))
    return [path for path in paths if path.is_file() and not {"migrations", "tests"} & set(path.parts)]


def function_lengths(path: Path) -> Iterator[int]:
    """The lines of each function in a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            yield node.end_lineno - node.lineno + 1


def measured(files: list[Path]) -> dict[str, int]:
    """The sizes that are watched, in lines."""
    functions = sorted(length for path in files for length in function_lengths(path))
    return {
        "longest_file": max(len(path.read_text().splitlines()) for path in files),
        "longest_function": functions[-1],
        "nine_in_ten_functions_at_most": functions[len(functions) * 9 // 10],
        "median_function": functions[len(functions) // 2],
    }


def compared(now: dict[str, int], committed: dict[str, int]) -> list[str]:
    """What is to be done about each size that isn't as committed."""
    return [
        f"{name}: {now[name]} lines, {'more' if now[name] > limit else 'less'} than the {limit} of tests/sizes.json; "
        + ("write it smaller" if now[name] > limit else "run `python -m tests.size_ratchet --write` to keep it so")
        for name, limit in committed.items()
        if now[name] != limit
    ]


def main() -> int:
    """Compare or write; 1 when something has become larger, or smaller without being kept so."""
    now = measured(product_files())
    if "--write" in sys.argv:
        before = json.loads(COMMITTED.read_text()) if COMMITTED.exists() else now
        COMMITTED.write_text(json.dumps({name: min(size, before[name]) for name, size in now.items()}, indent=2) + "\n")
        return 0
    found = compared(now, json.loads(COMMITTED.read_text()))
    print("\n".join(found) or f"sizes: {now}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
