"""Refusals go into the fact log."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("journal", "0001_initial"), ("factlog", "0001_initial")]
    operations = [migrations.RunSQL((SQL / "capture_refusals_v1.sql").read_text(), elidable=False)]
