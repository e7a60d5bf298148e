"""Names tests, and whatever else has a scope, in messages and records."""

from __future__ import annotations


def owner_name(owner: object) -> str:
    """Return the id of a test, or the name of a fixture or an import."""
    try:
        identify = getattr(owner, "id", None)
        return str(identify()) if callable(identify) else str(owner)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - a test whose id fails must not hide what it did
        cls = type(owner)
        return f"{cls.__module__}.{cls.__qualname__}"
