"""Variations of what the system gives a process: user, files, processors, network, terminal."""

from __future__ import annotations

import functools
import os
import shutil
import sys

from .._base import features
from .variation import Variation, cannot_run, in_shell, not_on_windows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_OTHER_USER = ("unshare", "-U", "--map-user=1000", "--map-group=1000")
_TAKEN_FILES = 1100
_READ_ONLY = 'mount --bind . . && cd "$PWD" && mount -o remount,bind,ro .'
_WITH_LOOPBACK = "ip link set lo up"
_IN_TERMINAL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "in_terminal.py")


@functools.cache
def _namespace(letter: str) -> tuple[str, ...]:
    """The words that start a command in a new namespace; other users are root there, until the command runs."""
    if os.getuid() == 0 and not cannot_run("unshare", f"-{letter}", "true"):
        return ("unshare", f"-{letter}")
    return ("unshare", f"-r{letter}")


def _in_namespace(letter: str, *script: str) -> Callable[[], tuple[str, ...]]:
    """The prefix that runs a command in a new namespace, after a script, as the same user as before."""

    def prefix() -> tuple[str, ...]:
        user = () if os.getuid() == 0 else ("unshare", "-U", f"--map-user={os.getuid()}", f"--map-group={os.getgid()}")
        return (*_namespace(letter), *(in_shell(script[0]) if script else ()), *user)

    return prefix


def _no_namespace(letter: str, *programs: str) -> str:
    if not features.LINUX:
        return "only Linux has namespaces"
    missing = [program for program in programs if not shutil.which(program)]
    return f"there is no program {missing[0]}" if missing else cannot_run(*_namespace(letter), "true")


def _no_other_user() -> str:
    if not features.LINUX or os.getuid() != 0:
        return "you are not root"
    return cannot_run(*_OTHER_USER, "true")


def _one_processor() -> tuple[str, ...]:
    number = min(os.sched_getaffinity(0)) if features.LINUX else 0
    return ("taskset", "-c", str(number))


def _one_already() -> str:
    if not features.LINUX:
        return "only Linux binds processes to processors"
    return "there is one processor" if len(os.sched_getaffinity(0)) == 1 else ""


def _older_than_3_13() -> str:
    return "" if features.CPU_COUNT_CAN_BE_SET else "Python 3.13 and newer can be told a number of processors"


def _take_files(_: Any) -> None:
    """Open so many files that later ones have numbers which select() refuses."""
    for _ in range(_TAKEN_FILES):
        os.open(os.devnull, os.O_RDONLY)


def _too_few_files() -> str:
    import resource

    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return "" if limit < 0 or limit > _TAKEN_FILES + 100 else f"only {limit} files may be open (ulimit -n)"


def _method(value: str) -> Variation:
    environ = {"HERMETIC_START_METHOD": value}
    return Variation("start-method", value, f"multiprocessing starts by {value}", environ, reason=not_on_windows)


VARIATIONS = (
    Variation(
        "processors", "one", "the process runs on one processor", {"PYTHON_CPU_COUNT": "1"}, prefix=_one_processor,
        reason=_one_already,
    ),
    Variation("processors", "many", "os.cpu_count() is 64", {"PYTHON_CPU_COUNT": "64"}, reason=_older_than_3_13),
    *map(_method, ("fork", "forkserver", "spawn")),
    Variation(
        "network", "loopback", "no network but loopback", prefix=_in_namespace("n", _WITH_LOOPBACK),
        reason=lambda: _no_namespace("n", "ip"),
    ),
    Variation(
        "network", "no-ipv6", "no network but loopback, and no IPv6",
        prefix=_in_namespace("n", f"{_WITH_LOOPBACK}; echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6"),
        reason=lambda: _no_namespace("n", "ip"),
    ),
    Variation(
        "network", "none", "no network, not even loopback", prefix=_in_namespace("n"), is_apart=True,
        reason=lambda: _no_namespace("n"),
    ),
    Variation(
        "host-name", "long", "the host has a name of 60 letters",
        prefix=_in_namespace("u", f"hostname {'x' * 60}"), reason=lambda: _no_namespace("u", "hostname"),
    ),
    Variation(
        "tree", "read-only", "the current folder cannot be written", prefix=_in_namespace("m", _READ_ONLY),
        reason=lambda: _no_namespace("m", "mount"),
    ),
    Variation(
        "stdin", "closed", "standard input is closed", prefix=("sh", "-c", 'exec "$@" <&-', "sh"),
        excludes=("date",),  # libfaketime opens a file, which would get the number 0
    ),
    Variation(
        "stdin", "terminal", "standard files are a terminal of 24 rows and 80 columns",
        prefix=(sys.executable, _IN_TERMINAL), reason=not_on_windows,
    ),
    Variation("descriptors", "few", "64 files may be open", prefix=in_shell("ulimit -n 64"), reason=not_on_windows),
    Variation(
        "descriptors", "taken", f"{_TAKEN_FILES} files are open", within=_take_files,
        reason=lambda: not_on_windows() or _too_few_files(),
    ),
    # Last, so that its prefix is next to the command: what stands before it may need root.
    Variation("user", "other", "you are not root, but user 1000", prefix=_OTHER_USER, reason=_no_other_user),
)  # fmt: skip
