"""Names tests, and whatever else has a scope, in messages and records."""

from __future__ import annotations


def owner_name(owner: object) -> str:
    """How a test, or what else runs, is called in messages."""
    try:
        identify = getattr(owner, "id", None)
        return str(identify()) if callable(identify) else str(owner)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - a test that cannot say its name must not hide what it did
        cls = type(owner)
        return f"{cls.__module__}.{cls.__qualname__}"
