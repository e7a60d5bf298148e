"""Clones the test databases of a run, so that each worker has databases of its own.

    prepare()   in the run, while nothing is connected: one clone of each database, as it is before the first test
    use()       in a worker: connections lead to clones of that clone, each of which has the number of a free place
    leave()     in the worker: the next worker may use a clone as it is, if nothing has changed it
    drop()      in the run, when all workers have ended

A place is a locked file. The system unlocks it when its worker ends, however that happens, and the next worker that
takes it makes the clone anew. A database in memory is copied by the fork that makes a worker.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import itertools
import os
import shutil
import sys

from .._base import own_files
from .._base.errors import IsolationError
from .._isolation import output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

django_db: Any = importlib.import_module("django.db")
NO_DB_ALIAS: str = importlib.import_module("django.db.backends.base.base").NO_DB_ALIAS

_SUFFIX = "hermetic"  # of the clone that the clones of the places are made from
_MOST_PLACES = 999  # for the length of their numbers
_UNCHANGED = b"unchanged"
_BESIDE_SQLITE = ("-journal", "-wal", "-shm")  # files that belong to the database file of that name


class Databases:
    """The databases that the tests in workers use.

    Args:
        aliases: the names of their connections.
    """

    def __init__(self, aliases: Iterable[str]) -> None:
        self._aliases = sorted(aliases)
        self._databases: list[_Clones] = []  # those that are cloned
        self._folder = ""
        self._failure = ""  # why there are no clones

    def prepare(self) -> None:
        """Clone each database, and drop the clones that a run which was killed has left."""
        self._folder = own_files.new_folder("hermetic-databases-")
        try:
            for aliases in _by_database(self._aliases):
                connection = django_db.connections[aliases[0]]
                found = _kind_of(connection)(connection, aliases, self._folder)
                found.make_first()
                self._databases.append(found)
        except IsolationError as error:
            self._failure = str(error)
        close_connections()

    def use(self, aliases: set[str]) -> None:
        """Have connections of this worker lead to clones of its own.

        Raises:
            IsolationError: there are none; the text says why.
        """
        if self._failure:
            raise IsolationError(self._failure)
        for found in self._databases:
            if not aliases.isdisjoint(found.aliases):
                found.take_place()

    def leave(self, *, unchanged: bool) -> None:
        """Close the connections of this worker.

        Args:
            unchanged: whether all that its tests did to the databases has been rolled back.
        """
        close_connections()
        for found in self._databases:
            found.leave_place(unchanged=unchanged)

    def drop(self) -> None:
        """Drop all clones."""
        for found in self._databases:
            found.drop()
        output.remove_folder(self._folder)


def drop_of_pool(aliases: list[str], processes: int) -> None:
    """Drop what the processes of a pool of Django's have left, each of which has databases of its own."""
    for alias, *_ in _by_database(aliases):
        connection = django_db.connections[alias]
        if _kind_of(connection) is _ServerClones:
            for number in range(1, processes + 1):
                name = str(connection.creation.get_test_db_clone_settings(str(number))["NAME"])
                with _connection_to(connection, name) as of_process:
                    _ServerClones(of_process, [], "").drop_leftovers()


def close_connections() -> None:
    """Close the connections of this process, and their pools, whose threads make a fork unsafe."""
    django_db.connections.close_all()
    for connection in django_db.connections.all(initialized_only=True):
        close_pool = getattr(connection, "close_pool", None)  # from Django 5.1 on
        if close_pool is not None:
            close_pool()


def _by_database(aliases: list[str]) -> list[list[str]]:
    """Group the connections that lead to the same database, as that of a mirror does."""
    found: dict[tuple[str, ...], list[str]] = {}
    for alias in aliases:
        settings = django_db.connections[alias].settings_dict
        key = tuple(str(settings[name]) for name in ("ENGINE", "HOST", "PORT", "NAME"))
        found.setdefault(key, []).append(alias)
    return [*found.values()]


class _Clones:
    """The clones of one database.

    Args:
        connection: to the database.
        aliases: the names of all connections that lead there.
        folder: of the run.

    Attributes:
        aliases: the names of the connections.
    """

    def __init__(self, connection: Any, aliases: list[str], folder: str) -> None:
        self._connection = connection
        self.aliases = aliases
        self._folder = folder
        self._lock: int | None = None  # the file of the place that this worker has taken

    def make_first(self) -> None:
        """Make the clone that the others are made from.

        Raises:
            IsolationError: it cannot be made; the text says why, and what to do.
        """
        raise NotImplementedError

    def take_place(self) -> None:
        """Take a place, unless this worker has one, and have the connections lead to its clone."""
        if self._lock is not None:
            return
        place, lock = self._free_place()
        try:
            name = self._clone(place, anew=os.read(lock, len(_UNCHANGED)) != _UNCHANGED)
            os.ftruncate(lock, 0)
        except BaseException:
            os.close(lock)
            raise
        self._lock = lock
        for alias in self.aliases:
            settings = django_db.connections[alias].settings_dict
            settings["NAME"] = name
            settings["OPTIONS"].pop("pool", None)  # its threads and spare connections would seem to be the test's

    def leave_place(self, *, unchanged: bool) -> None:
        """Leave the place of this worker, if it has one."""
        if self._lock is not None:
            if unchanged:
                os.lseek(self._lock, 0, os.SEEK_SET)
                os.write(self._lock, _UNCHANGED)
            os.close(self._lock)
            self._lock = None

    def _free_place(self) -> tuple[int, int]:
        """Lock the first place that no other worker has; return its number and its file."""
        fcntl: Any = importlib.import_module("fcntl")
        for place in itertools.count(1):
            path = os.path.join(self._folder, f"{self._places}{place}")
            lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
            else:
                return place, lock
        raise AssertionError

    @property
    def _places(self) -> str:
        """What the names of the files of the places begin with."""
        return f"{self.aliases[0]}-place-"

    def _clone(self, place: int, *, anew: bool) -> str:
        """Make the clone of a place, unless there is one that may be used as it is, and return its name."""
        raise NotImplementedError

    def drop(self) -> None:
        """Drop all clones that are not in the folder of the run."""


class _FileClones(_Clones):
    """The clones of a database of SQLite, in the folder of the run."""

    def make_first(self) -> None:
        database = self._connection.Database
        with contextlib.closing(database.connect(self._path())) as target:
            self._connection.ensure_connection()
            self._connection.connection.backup(target)

    def _clone(self, place: int, *, anew: bool) -> str:
        path = self._path(f"-{place}")
        if anew:
            for beside in _BESIDE_SQLITE:  # of a worker that was killed
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path + beside)
            shutil.copyfile(self._path(), path)
        return path

    def _path(self, place: str = "") -> str:
        return os.path.join(self._folder, f"{self.aliases[0]}{place}.sqlite3")


class _MemoryClones(_Clones):
    """The copy of a database of SQLite in memory; the fork that makes a worker has copied both."""

    _is_restored = False

    def make_first(self) -> None:
        self._copy = self._connection.Database.connect(":memory:")
        self._connection.ensure_connection()
        self._connection.connection.backup(self._copy)

    def take_place(self) -> None:
        if not self._is_restored:
            self._is_restored = True
            self._connection.ensure_connection()
            self._copy.backup(self._connection.connection)


class _ServerClones(_Clones):
    """The clones of a database on a server, which Django's own backends make as for ``--parallel``."""

    def make_first(self) -> None:
        name, backend = str(self._connection.settings_dict["NAME"]), self._connection.settings_dict["ENGINE"]
        if not self._connection.features.can_clone_databases:
            raise IsolationError(
                f"[H007] isolated tests need clones of their databases, and {backend} cannot clone {name!r}; remove the"
                " marks, make them SimpleTestCases, or use --hermetic-no-isolation"
            )
        longest, most = self._name(_MOST_PLACES), self._connection.ops.max_name_length()
        if most is not None and len(longest.encode()) > most:
            raise IsolationError(
                f"[H007] the name of the test database {name!r} is too long for clones such as {longest!r}; write a"
                f' shorter TEST["NAME"] (a name has at most {most} bytes)'
            )
        self.drop_leftovers()
        _create(self._connection, name, _SUFFIX)

    def _clone(self, place: int, *, anew: bool) -> str:
        if anew:
            _create(self._connection, self._name(), str(place))
        return self._name(place)

    def _name(self, place: int | None = None) -> str:
        name = f"{self._source}_{_SUFFIX}"
        return name if place is None else f"{name}_{place}"

    @property
    def _source(self) -> str:
        return str(self._connection.settings_dict["NAME"])

    def drop_leftovers(self) -> None:
        """Drop the clones of a run that was killed: the first clone is made first, and dropped last."""
        if self._exists(self._name()):
            self._drop(next(place for place in itertools.count(1) if not self._exists(self._name(place))) - 1)

    def _exists(self, name: str) -> bool:
        with _connection_to(self._connection, name) as connection:
            try:
                connection.ensure_connection()
            except django_db.OperationalError:
                return False
        return True

    def drop(self) -> None:
        self._drop(sum(name.startswith(self._places) for name in os.listdir(self._folder)))

    def _drop(self, places: int) -> None:
        """Drop the clones of so many places, and the one that they are made from."""
        for name in [*(self._name(place) for place in range(places, 0, -1)), self._name()]:
            with _connection_to(self._connection, name) as connection:
                try:
                    connection.creation.destroy_test_db(verbosity=0)
                except django_db.Error as error:
                    sys.stderr.write(f"hermetic: the database {name!r} could not be dropped: {error}\n")


def _kind_of(connection: Any) -> type[_Clones]:
    if connection.vendor != "sqlite":
        return _ServerClones
    return _MemoryClones if connection.is_in_memory_db() else _FileClones


@contextlib.contextmanager
def _connection_to(connection: Any, name: str) -> Iterator[Any]:
    """A connection of the same kind to another database, for a block."""
    other = connection.copy(alias=NO_DB_ALIAS)  # which no test case class forbids
    other.settings_dict["NAME"] = name
    other.settings_dict["OPTIONS"].pop("pool", None)
    try:
        yield other
    finally:
        other.close()


def _create(connection: Any, name: str, suffix: str) -> None:
    """Clone a database that nothing is connected to, in place of any clone with this suffix."""
    said = io.StringIO()
    try:
        with _connection_to(connection, name) as template, contextlib.redirect_stderr(said):
            template.creation.clone_test_db(suffix, verbosity=0)
    except (SystemExit, django_db.Error) as error:  # Django's backends say why, and exit
        reason = said.getvalue().strip() if isinstance(error, SystemExit) else error
        raise IsolationError(
            f"[H007] isolated tests need clones of their databases, and {name!r} could not be cloned: {reason}"
        ) from None
