"""A PostgreSQL server of a test's own: in a temporary folder, on a socket there."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
import tempfile
import unittest

from support import TIMEOUT, not_inherited

_FOLDERS = sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)  # where Debian has them
_SETTINGS = "-c listen_addresses= -c fsync=off -c full_page_writes=off -c autovacuum=off -k"


def _program(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join([*_FOLDERS, os.environ.get("PATH", os.defpath)]))


class Server:
    """A server, which ends with a test case's class.

    Raises:
        SkipTest: PostgreSQL is not installed.

    Attributes:
        socket: the folder of its socket; the user ``postgres`` needs no password.
    """

    def __init__(self, owner: type[unittest.TestCase]) -> None:
        if _program("initdb") is None:
            raise unittest.SkipTest("not installed: PostgreSQL (apt-get install postgresql)")
        # Not in the temporary folder of a worker, which is closed to other users.
        self.socket = tempfile.mkdtemp(prefix="hermetic-pg-", dir="/tmp")
        owner.addClassCleanup(shutil.rmtree, self.socket, ignore_errors=True)
        # The server refuses to run as root.
        self._by = {"user": "nobody"} if hasattr(os, "geteuid") and os.geteuid() == 0 else {}
        if self._by:
            shutil.chown(self.socket, **self._by)
        self._data = os.path.join(self.socket, "data")
        self._run("initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "--no-sync", "--no-instructions")
        self._run(
            "pg_ctl", "start", "-w", "-D", self._data, "-l", f"{self._data}/log", "-o", f"{_SETTINGS} {self.socket}"
        )
        owner.addClassCleanup(self._run, "pg_ctl", "stop", "-m", "immediate", "-D", self._data)

    def databases(self) -> set[str]:
        """The names of its databases, without those that every server has."""
        query = "SELECT datname FROM pg_database"
        found = self._run("psql", "-h", self.socket, "-U", "postgres", "-Atc", query, "postgres").split()
        return {*found} - {"postgres", "template0", "template1"}

    def _run(self, program: str, *arguments: str) -> str:
        with not_inherited(), tempfile.TemporaryFile("w+") as said:  # no pipe, which the server would keep open
            command = [_program(program) or program, *arguments]
            done = subprocess.run(
                command,
                stdout=said,
                stderr=said,
                cwd="/",
                timeout=TIMEOUT,
                **self._by,  # type: ignore[call-overload]
            )
            said.seek(0)
            text = said.read()
        if done.returncode:
            raise AssertionError(f"{program} ended with {done.returncode}: {text}")
        return text
