"""Creates the table, with a row that tests which flush the database take away."""

from __future__ import annotations

from django.db import migrations, models


def _insert_a_row(apps, editor):
    apps.get_model("shop", "Item").objects.using(editor.connection.alias).create(name="seed")


class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.CreateModel(
            "Item", [("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=50, unique=True))]
        ),
        migrations.RunPython(_insert_a_row),
    ]
