"""A project whose settings for production show in a test that runs without Django's environment for tests."""

from __future__ import annotations

import os

SECRET_KEY = "for tests"
DEBUG = True
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
INSTALLED_APPS = ["django.contrib.contenttypes", "shop"]
ROOT_URLCONF = "shop.urls"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": ["templates"]}]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "/static/"
USE_TZ = True
TEST_RUNNER = os.environ.get("PROJECT_RUNNER", "hermetic.django.TestRunner")


def _database(name: str) -> dict:
    kind = os.environ.get("PROJECT_DATABASE", "memory")
    if kind == "postgresql":
        socket = os.environ["PROJECT_SOCKET"]
        return {"ENGINE": "django.db.backends.postgresql", "NAME": name, "HOST": socket, "USER": "postgres"}
    found = {"ENGINE": os.environ.get("PROJECT_ENGINE", "django.db.backends.sqlite3"), "NAME": f"{name}.sqlite3"}
    return {**found, "TEST": {"NAME": f"test_{name}.sqlite3"}} if kind == "file" else found


DATABASES = {
    "default": _database("one"),
    "other": _database("two"),
    # In processes that are not forked, Django's pool gives a mirror on SQLite a database of its own.
    "replica": {**_database("one"), "TEST": {"MIRROR": "default"}},
}
if os.environ.get("PROJECT_START_METHOD", "fork") != "fork":
    del DATABASES["replica"]
