"""The audit log, from its schema files."""

from pathlib import Path

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

SQL = Path(__file__).parent.parent / "sql"
FILES = ("schema_v1.sql", "partitions_v1.sql", "append_v1.sql", "checkpoint_v1.sql")


class Migration(migrations.Migration):
    initial = True
    dependencies: list[tuple[str, str]] = []
    operations = [
        *(migrations.RunSQL((SQL / name).read_text(), elidable=False) for name in FILES),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("source", models.TextField()),
                ("incarnation", models.UUIDField()),
                ("source_id", models.BigIntegerField()),
                ("kind", models.TextField()),
                ("subject", models.TextField()),
                ("client_id", models.UUIDField(null=True)),
                ("recorded_at", models.DateTimeField()),
                ("appended_at", models.DateTimeField()),
                ("leaf", models.BinaryField()),
                ("leaf_hash", models.BinaryField()),
            ],
            options={"db_table": "audit_entry", "managed": False, "verbose_name_plural": "audit entries"},
        ),
        migrations.CreateModel(
            name="AuditHead",
            fields=[
                ("id", models.IntegerField(primary_key=True, serialize=False)),
                ("size", models.BigIntegerField()),
                ("frontier", ArrayField(base_field=models.BinaryField(), size=None)),
                ("cell", models.TextField(null=True)),
                ("appended_at", models.DateTimeField(null=True)),
                ("partitioned_until", models.DateTimeField(null=True)),
            ],
            options={"db_table": "audit_head", "managed": False},
        ),
        migrations.CreateModel(
            name="AuditSource",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "source",
                        "incarnation",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("source", models.TextField()),
                ("incarnation", models.UUIDField()),
                ("last_source_id", models.BigIntegerField()),
                ("entries", models.BigIntegerField()),
            ],
            options={"db_table": "audit_source", "managed": False},
        ),
        migrations.CreateModel(
            name="AuditCheckpoint",
            fields=[
                ("size", models.BigIntegerField(primary_key=True, serialize=False)),
                ("root", models.BinaryField()),
                ("frontier", ArrayField(base_field=models.BinaryField(), size=None)),
                ("note", models.TextField()),
                ("signed_at", models.DateTimeField()),
            ],
            options={"db_table": "audit_checkpoint", "managed": False},
        ),
    ]
