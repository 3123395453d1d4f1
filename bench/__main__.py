"""`make bench`, or `python -m bench`: on a stack of its own, below `.local/bench`."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1] / ".local" / "bench"


def main() -> int:
    """Name the stack before anything reads settings, here or in a process that is started; then run."""
    os.environ["FINTECH_LOCAL_ROOT"] = str(ROOT)
    os.environ["FINTECH_BASE_PORT"] = os.environ.get("FINTECH_BENCH_BASE_PORT", "19000")
    os.environ["FINTECH_CELLS"] = "eu"
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.settings"
    from bench.running import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
