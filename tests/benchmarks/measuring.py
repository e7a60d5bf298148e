"""What a command takes."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Cost(namedtuple("Cost", ("cpu", "seconds", "megabytes"))):  # noqa: PYI024 - as the product does it
    """What a command took.

    Attributes:
        cpu: the seconds of CPU, user and system, of its whole tree of processes.
        seconds: from its start to its end.
        megabytes: its own largest size.
    """

    __slots__ = ()


def measure(command: list[str], folder: str, packages: Sequence[str] = (), *, status: int = 0) -> Cost:
    """Run a command in a folder, which is also where its temporary files go.

    Args:
        command: as a list.
        folder: the path.
        packages: the folders that it imports from, besides.
        status: the exit status that it must have.

    Raises:
        SystemExit: it ended with another status.
    """
    cost = measure_within(threading.TIMEOUT_MAX, command, folder, packages, status=status)
    assert cost is not None
    return cost


def measure_within(
    limit: float, command: list[str], folder: str, packages: Sequence[str] = (), *, status: int = 0
) -> Cost | None:
    """Do as ``measure`` does, but end a command that takes more seconds than the limit, and return None."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HERMETIC_", "PYTHON"))}
    environment.update(PYTHONPATH=os.pathsep.join([ROOT, *packages]), TMPDIR=folder)
    started = time.perf_counter()
    with open(os.devnull, "wb") as null:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=null, stderr=null)
        timer = threading.Timer(limit, process.kill)
        timer.start()
        _, ended, usage = os.wait4(process.pid, 0)
        timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(ended)
    if process.returncode == -signal.SIGKILL:
        return None
    if process.returncode != status:
        raise SystemExit(f"{' '.join(command)} ended with status {process.returncode}")
    return Cost(usage.ru_utime + usage.ru_stime, time.perf_counter() - started, usage.ru_maxrss / 1024)
