"""Settings of a Django project without applications and databases."""

SECRET_KEY = "for tests"
