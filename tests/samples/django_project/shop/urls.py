"""One page: the names of the items."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import path

from shop.models import item_names

urlpatterns = [path("", lambda request: HttpResponse(",".join(item_names())))]
