"""One model, with a column of which two transactions cannot both have a value."""

from __future__ import annotations

from django.db import models


class Item(models.Model):
    name = models.CharField(max_length=50, unique=True)


def item_names(database: str = "default") -> list[str]:
    return sorted(Item.objects.using(database).values_list("name", flat=True))
