"""The house's own conventions as a lint: `python -m tests.conventions`. Each finding names what to write instead."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("fintech", "crm", "payments", "trading", "audit", "deploy")
LONGEST_FUNCTION = 60
LONGEST_FILE = 400
# In the ground floor an alias is bound already; everywhere else the bound cell's alias comes from the router.
NAMELESS = re.compile(r"(^|_)(utils?|helpers?|common|misc)(_|$)")
# Facts about this machine or the making of the code have no place in the product.
FORBIDDEN_TEXT = re.compile(r"pypi\.org|pythonhosted|registry\.npmjs|deb\.debian|/work/(main|shared|scratch)|\.library")


def findings(path: Path) -> Iterator[str]:
    """What a file breaks."""
    text = path.read_text()
    lines = text.splitlines()
    if NAMELESS.search(path.stem):
        yield f"{path}: a file's name says why it exists; {path.stem!r} doesn't"
    if len(lines) > LONGEST_FILE and "tests" not in path.parts:
        yield f"{path}: {len(lines)} lines; at most {LONGEST_FILE}: split it by subject"
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            length = node.end_lineno - node.lineno + 1
            if length > LONGEST_FUNCTION:
                yield f"{path}:{node.lineno} {node.name} has {length} lines; at most {LONGEST_FUNCTION}"
        if isinstance(node, ast.Call) and "tests" not in path.parts:
            yield from _bare_transaction(path, node)
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                if ast.unparse(decorator) in ("atomic", "transaction.atomic"):
                    yield f"{path}:{node.lineno} a bare @atomic means `default`; write a verb, or name `using=`"


def _bare_transaction(path: Path, node: ast.Call) -> Iterator[str]:
    name = ast.unparse(node.func)
    named = {keyword.arg for keyword in node.keywords}
    if name in ("atomic", "transaction.atomic") and "using" not in named and not node.args:
        yield f"{path}:{node.lineno} a bare atomic() means `default`; name `using=alias_for(concern)`"
    if name in ("on_commit", "transaction.on_commit") and "using" not in named and len(node.args) < 2:
        yield f"{path}:{node.lineno} a bare on_commit() means `default`; name `using=alias_for(concern)`"


def forbidden_text() -> Iterator[str]:
    """Tracked files that speak of registries or of a machine."""
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in tracked.stdout.splitlines():
        path = ROOT / name
        if not path.is_file() or path == Path(__file__).resolve() or path.suffix in (".png", ".ico"):
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if FORBIDDEN_TEXT.search(line):
                yield f"{name}:{number} names a registry or a path of one machine"


def main() -> int:
    """Print every finding; 1 when there is one."""
    found = list(forbidden_text())
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                found.extend(findings(path.relative_to(ROOT)))
    print("\n".join(found) or "conventions: nothing found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
