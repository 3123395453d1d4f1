"""The journal, from its schema file."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    initial = True
    dependencies: list[tuple[str, str]] = []
    operations = [
        migrations.RunSQL((SQL / "schema_v1.sql").read_text(), elidable=False),
        migrations.CreateModel(
            name="JournalEntry",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("principal", models.TextField()),
                ("operation", models.TextField()),
                ("key", models.TextField()),
                ("payload_hash", models.BinaryField()),
                ("outcome", models.TextField(choices=[("done", "done"), ("refused", "refused")])),
                ("answer", models.JSONField()),
                ("recorded_at", models.DateTimeField()),
                ("actor", models.TextField()),
                ("request_id", models.TextField()),
                ("reason", models.TextField()),
            ],
            options={"db_table": "journal_entry", "managed": False, "verbose_name_plural": "journal entries"},
        ),
    ]
