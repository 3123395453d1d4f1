"""Runs the management commands that come on its standard input, a JSON list a line; answers [well, output]."""

from __future__ import annotations

import io
import json
import sys

import django

django.setup()

from django.core.management import CommandError, call_command
from django.db import connections


def main() -> None:
    answers = sys.stdout
    for line in sys.stdin:
        sys.stdout = written = io.StringIO()
        try:
            call_command(*json.loads(line), stdout=written)
            well, output = True, written.getvalue()
        except (CommandError, SystemExit, Exception) as error:
            well, output = False, f"{written.getvalue()}\n{type(error).__name__}: {error}"
        finally:
            sys.stdout = answers
            # A connection that has died meanwhile must not be met again.
            connections.close_all()
        print(json.dumps([well, output]), flush=True)


if __name__ == "__main__":
    main()
