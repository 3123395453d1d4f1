"""The table of keys, from its schema file, with capture of what happens to them (never of the keys)."""

from pathlib import Path

from django.db import migrations, models

from fintech.factlog.operations import Capture

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    initial = True
    dependencies = [("factlog", "0001_initial")]
    operations = [
        migrations.RunSQL((SQL / "schema_v1.sql").read_text(), elidable=False),
        Capture("privacy_key", columns=("person_id", "retention", "created_at", "destroyed_at")),
        migrations.CreateModel(
            name="PrivacyKey",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "person_id",
                        "retention",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("person_id", models.UUIDField()),
                ("retention", models.TextField()),
                ("wrapped", models.BinaryField(null=True)),
                ("created_at", models.DateTimeField()),
                ("destroyed_at", models.DateTimeField(null=True)),
            ],
            options={"db_table": "privacy_key", "managed": False},
        ),
    ]
