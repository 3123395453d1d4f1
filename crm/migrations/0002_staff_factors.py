"""A lost second factor is reset by a colleague, who ends all sessions with it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0001_initial")]

    operations = [
        migrations.AlterModelOptions(
            name="user",
            options={
                "default_permissions": ("view",),
                "permissions": [
                    ("retry_parked_fact", "Can have parked facts tried again"),
                    ("reset_staff_factors", "Can take away a colleague's lost second factor"),
                ],
            },
        ),
        migrations.AddField(
            model_name="user",
            name="sessions_generation",
            field=models.PositiveIntegerField(
                db_default=0, default=0, help_text="Sessions of an earlier generation are over."
            ),
        ),
    ]
