"""The committed OpenAPI schema equals what the code says: `python -m tests.schema_drift [--write]`."""

from __future__ import annotations

import difflib
import os
import sys
from pathlib import Path

COMMITTED = Path(__file__).resolve().parents[1] / "docs" / "openapi.json"


def generated() -> str:
    """The schema of the running code, as JSON text."""
    os.environ["FINTECH_SERVICE"] = "api"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fintech.project.settings.local")
    import django

    django.setup()
    from drf_spectacular.generators import SchemaGenerator
    from drf_spectacular.renderers import OpenApiJsonRenderer
    from openapi_spec_validator import validate

    schema = SchemaGenerator().get_schema(request=None, public=True)
    text = OpenApiJsonRenderer().render(schema, renderer_context={}).decode()
    import json

    validate(json.loads(text))
    return text + "\n"


def main() -> int:
    """Compare or write; 1 when they differ."""
    text = generated()
    if "--write" in sys.argv:
        COMMITTED.write_text(text)
        print(f"wrote {COMMITTED.name}: {text.count('operationId')} operations")
        return 0
    committed = COMMITTED.read_text() if COMMITTED.exists() else ""
    if committed == text:
        print(f"OpenAPI schema: {text.count('operationId')} operations, as committed")
        return 0
    changes = difflib.unified_diff(
        committed.splitlines(), text.splitlines(), "committed", "generated", lineterm="", n=1
    )
    print("\n".join(list(changes)[:60]))
    print("The OpenAPI schema has changed: run `make schema` and commit docs/openapi.json.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
