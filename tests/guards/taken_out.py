"""Guards in the code taken out one by one: does a test fail? `python -m tests.guards.taken_out [FILE …]`.

A guard is an `if` that does nothing but refuse: its condition becomes False. Each is tried in a copy of the repository
against the tests that are named for its file below, until one fails. How many no test notices is said at the end, and
is the exit status. It takes half a minute for each guard on two processors, so it is nobody's daily run.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fintech.stack.layout import REPOSITORY

TESTS: Final[dict[str, tuple[str, ...]]] = {
    "fintech/http/parsers.py": ("fintech/http/tests",),
    "fintech/http/fields.py": ("fintech/http/tests",),
    "fintech/http/serializers.py": ("fintech/http/tests",),
    "fintech/http/bodies.py": ("fintech/http/tests",),
    "fintech/http/idempotency.py": ("fintech/http/tests",),
    "fintech/ledger/money.py": ("fintech/ledger/tests/test_money.py",),
    "fintech/ledger/transfers.py": ("fintech/ledger/tests/test_account_numbers.py",),
    "fintech/ledger/house_accounts.py": ("fintech/ledger/tests/test_account_numbers.py",),
    "fintech/ledger/book.py": (
        "fintech/ledger/tests/test_posting.py",
        "fintech/ledger/tests/test_holds.py",
        "fintech/ledger/tests/test_as_of.py",
    ),
    "fintech/journal/verbs.py": ("fintech/journal/tests",),
    "fintech/journal/decisions.py": ("fintech/journal/tests",),
    "fintech/cells/context.py": ("fintech/cells/tests",),
    "fintech/cells/router.py": ("fintech/cells/tests",),
    "payments/psps/standard.py": ("payments/tests/test_psp_standard_webhooks.py",),
    "payments/services/withdrawals.py": ("payments/tests/test_withdrawals.py", "payments/tests/test_payouts.py"),
    "payments/services/payouts.py": ("payments/tests/test_payouts.py",),
    "payments/services/psp_events.py": ("payments/tests/test_webhooks.py",),
    "payments/services/sources.py": ("payments/tests/test_sources.py",),
    "payments/services/transfers.py": ("payments/tests/test_transfers.py",),
    "payments/services/wallets.py": ("payments/tests/test_withdrawals.py", "payments/tests/test_deposits.py"),
    "payments/services/standing.py": ("payments/tests/test_deposits.py", "payments/tests/test_withdrawals.py"),
    "crm/services/identity_cases.py": ("crm/tests/test_identity_cases.py",),
    "crm/services/second_factors.py": ("crm/tests/test_second_factors_of_staff.py",),
    "crm/services/standing.py": ("crm/tests/test_standing.py",),
    "fintech/privacy/sealing.py": ("fintech/privacy/tests/test_sealing.py",),
    "fintech/privacy/keys.py": ("fintech/privacy/tests/test_sealing.py",),
    "trading/feed/messages.py": ("trading/tests/test_feed_messages.py",),
    "trading/services/desk.py": ("trading/tests/test_orders.py", "trading/tests/test_trading_accounts.py"),
    "trading/services/orders.py": ("trading/tests/test_orders.py",),
    "trading/services/dealing.py": ("trading/tests/test_orders.py", "trading/tests/test_instruments.py"),
    "trading/services/trading_accounts.py": ("trading/tests/test_trading_accounts.py",),
    "trading/services/transfers.py": ("trading/tests/test_transfers.py",),
    "trading/services/standing.py": ("trading/tests/test_orders.py", "trading/tests/test_trading_accounts.py"),
}
"""The tests that ought to notice, by the file whose guards are taken out."""
SLOW: Final = "not fault and not load and not browser and not synth and not image and not pipeline"
SLOT: Final = "guards-taken-out"
END_ENGINES: Final = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "fintech.project.settings.test"
import conftest, django
django.setup()
from tests.clusters import TestClusters
TestClusters().destroy()
"""


@dataclass(frozen=True)
class Mutant:
    """A file's text without one of its guards, which stood at `line`."""

    file: str
    line: int
    condition: str
    text: str


def mutants_of(file: str, text: str) -> Iterator[Mutant]:
    """The file once for each of its guards, without it."""
    lines = text.splitlines(keepends=True)
    for node in ast.walk(ast.parse(text)):
        if not (isinstance(node, ast.If) and all(map(_refuses, node.body))):
            continue
        test = node.test
        assert test.end_lineno is not None
        kept_before = lines[test.lineno - 1].encode()[: test.col_offset].decode()
        kept_after = lines[test.end_lineno - 1].encode()[test.end_col_offset :].decode()
        changed = [*lines[: test.lineno - 1], f"{kept_before}False{kept_after}", *lines[test.end_lineno :]]
        yield Mutant(file, test.lineno, ast.unparse(test), "".join(changed))


def _refuses(statement: ast.stmt) -> bool:
    """Raises, or has a serializer's field fail."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        return isinstance(statement.value.func, ast.Attribute) and statement.value.func.attr == "fail"
    return isinstance(statement, ast.Raise)


def main() -> int:
    """Take out the guards of the files named, or of all above; gives how many nobody noticed."""
    files = sys.argv[1:] or list(TESTS)
    with tempfile.TemporaryDirectory(prefix="guards-taken-out-") as folder:
        copy = Path(folder) / "repository"
        subprocess.run(["git", "clone", "-q", str(REPOSITORY), str(copy)], check=True)
        try:
            unnoticed = sum(_unnoticed(copy, file) for file in files)
        finally:
            # Those of a named slot stay up for its next run, and there is none.
            subprocess.run([sys.executable, "-c", END_ENGINES], cwd=copy, env=_environment(copy), check=False)
    _say(f"{unnoticed} not noticed")
    return min(unnoticed, 99)


def _unnoticed(copy: Path, file: str) -> int:
    """How many of a file's guards may go without a test that notices."""
    whole = (copy / file).read_text(encoding="utf-8")
    if failed := _first_failure(copy, file):
        raise RuntimeError(f"the tests of {file} fail with all its guards: {failed}")
    unnoticed = 0
    for mutant in mutants_of(file, whole):
        (copy / file).write_text(mutant.text, encoding="utf-8")
        noticed = _first_failure(copy, file)
        unnoticed += noticed is None
        _say(f"{file}:{mutant.line}: {mutant.condition}: {noticed or 'NOT NOTICED'}")
    (copy / file).write_text(whole, encoding="utf-8")
    return unnoticed


def _environment(copy: Path) -> dict[str, str]:
    return {**os.environ, "FINTECH_TEST_SLOT": SLOT, "PYTHONPATH": str(copy)}


def _first_failure(copy: Path, file: str) -> str | None:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-m", SLOW, *TESTS[file]]
    done = subprocess.run(command, cwd=copy, env=_environment(copy), capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return None
    # What stands above the summary is the tests' own output, which may begin in the same way.
    summary = done.stdout.rpartition("short test summary info")[2]
    failures = [line for line in summary.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    if not failures:
        raise RuntimeError(f"the tests of {file} didn't run:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return f"noticed by {failures[0].split()[1]}"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
