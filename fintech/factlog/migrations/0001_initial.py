"""The fact log, from its schema file."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    initial = True
    dependencies: list[tuple[str, str]] = []
    operations = [
        migrations.RunSQL((SQL / "schema_v1.sql").read_text(), elidable=False),
        migrations.CreateModel(
            name="Fact",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("kind", models.TextField()),
                ("version", models.SmallIntegerField()),
                ("subject_type", models.TextField()),
                ("subject_id", models.TextField()),
                ("seq", models.BigIntegerField(null=True)),
                ("recorded_at", models.DateTimeField()),
                ("actor", models.TextField(null=True)),
                ("request_id", models.TextField(null=True)),
                ("reason", models.TextField(null=True)),
                ("journal_id", models.BigIntegerField(null=True)),
                ("data", models.JSONField()),
            ],
            options={"db_table": "factlog_fact", "managed": False},
        ),
        migrations.CreateModel(
            name="Parked",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("follower", models.TextField()),
                ("source", models.TextField()),
                ("incarnation", models.UUIDField()),
                ("fact_id", models.BigIntegerField()),
                ("subject_type", models.TextField()),
                ("subject_id", models.TextField()),
                ("error", models.TextField()),
                ("attempts", models.IntegerField()),
                ("parked_at", models.DateTimeField()),
                ("resolved_at", models.DateTimeField(null=True)),
            ],
            options={"db_table": "factlog_parked", "managed": False, "verbose_name": "parked fact"},
        ),
    ]
