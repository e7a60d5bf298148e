"""Keeps the workers of pytest's items away from the Django databases of the session, and of everybody else.

A worker is forked before the first fixture, so it sets up test databases for its items, as it does all fixtures. Under
their usual names, they would replace those of the session: so they get names of their own, and no other database can be
reached.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys

from .._base.errors import IsolationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NO_DATABASE = "__no_db__"  # the alias of Django's connections that create and destroy databases


def patch_django(config: Any) -> WorkerDatabases | None:
    """Patch Django, in a process that only forks workers.

    Args:
        config: of pytest.

    Returns:
        What the workers may use; None if Django is not loaded.
    """
    if "django.db" not in sys.modules:
        return None
    if hasattr(config.option, "reuse_db"):
        config.option.reuse_db = False  # of pytest-django: a killed test would leave its rows to the next one
    for connection in sys.modules["django.db"].connections.all(initialized_only=True):
        if connection.connection is not None and not _is_in_memory(connection, connection.settings_dict["NAME"]):
            connection.connection = None  # open since before the fork: to close it would end the session's, too
    databases = WorkerDatabases()
    connecting: Any = importlib.import_module("django.db.backends.base.base").BaseDatabaseWrapper
    creating: Any = importlib.import_module("django.db.backends.base.creation").BaseDatabaseCreation
    connecting.connect = databases.checked(connecting.connect)
    creating.create_test_db = databases.renamed(creating.create_test_db)
    return databases


def file_names() -> list[str]:
    """Return what the names of SQLite's test databases begin with, which all processes create in the current folder."""
    if not getattr(getattr(sys.modules.get("django.conf"), "settings", None), "configured", False):
        return []
    known = sys.modules["django.db"].connections.settings.values() if "django.db" in sys.modules else ()
    paths = [database["TEST"]["NAME"] for database in known if database["ENGINE"].endswith(("sqlite3", "spatialite"))]
    return [os.path.basename(path) for path in paths if path]


class WorkerDatabases:
    """The databases of a worker.

    Attributes:
        number: ends their names; no other worker of the session that is alive has it.
    """

    def __init__(self) -> None:
        self.number = 0
        self._names: set[str] = set()

    def checked(self, connect: Any) -> Any:
        """Return a method that connects only to the databases of this process."""

        @functools.wraps(connect)
        def connect_to_own(connection: Any) -> Any:
            name = connection.settings_dict["NAME"]
            if (
                connection.alias != _NO_DATABASE
                and not _is_in_memory(connection, name)
                and str(name) not in self._names
            ):
                raise IsolationError(
                    f'[H007] an isolated test connected to the database "{name}" of Django, which other processes use;'
                    " request the fixture db, or have your own django_db_setup call that of pytest-django, which"
                    " creates a database for this process"
                )
            return connect(connection)

        return connect_to_own

    def renamed(self, create: Any) -> Any:
        """Return a method that creates test databases under names of their own."""

        @functools.wraps(create)
        def create_own(creation: Any, *args: Any, **kwargs: Any) -> Any:
            connection = creation.connection
            name = creation._get_test_db_name()  # noqa: SLF001 - what the settings and the fixtures have made of it
            if not _is_in_memory(connection, name):
                connection.settings_dict["TEST"]["NAME"] = self._own_name(connection, str(name))
            return create(creation, *args, **kwargs)

        return create_own

    def _own_name(self, connection: Any, name: str) -> str:
        own = f"{name}_isolated{self.number}"
        longest = connection.ops.max_name_length()
        if connection.vendor == "oracle":  # its test databases are users and tablespaces with further names
            raise IsolationError("[H007] an isolated test cannot use an Oracle database; remove the mark")
        if longest and connection.vendor != "sqlite" and len(own.encode()) > longest:
            raise IsolationError(
                f'[H007] the name of the database of an isolated test is too long: "{own}" has more than {longest}'
                f' bytes; set a shorter name: DATABASES["{connection.alias}"]["TEST"]["NAME"]'
            )
        self._names.add(own)
        return own


def _is_in_memory(connection: Any, name: Any) -> bool:
    """Whether a database is in the memory of this process."""
    return connection.vendor == "sqlite" and bool(connection.creation.is_in_memory_db(name))
