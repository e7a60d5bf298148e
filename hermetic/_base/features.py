"""Facts about the running Python and its platform, each named after the behaviour."""

from __future__ import annotations

import os
import sys

# What reports say.
PYTHON_VERSION, PLATFORM = ".".join(map(str, sys.version_info[:3])), sys.platform

WINDOWS = sys.platform == "win32"

# Where a process can adopt the orphans of its children, see all of them, and pass file descriptors on; and where fork
# is safe as long as there is one thread: Apple's own libraries start some.
LINUX = sys.platform == "linux"

# tomllib came with 3.11: on 3.10 a [tool.hermetic] table can be found but not read.
HAS_TOMLLIB = sys.version_info >= (3, 11)

# `--durations` and exit status 5 for "no tests ran" came with 3.12.
UNITTEST_HAS_DURATIONS = sys.version_info >= (3, 12)
INTERRUPTED_EXIT_STATUS = 130
NO_TESTS_EXIT_STATUS = 5 if sys.version_info >= (3, 12) else 0

# Immortal objects (PEP 683) came with 3.12.
HAS_IMMORTAL_OBJECTS = sys.version_info >= (3, 12)

# unittest colours its text from 3.14 on.
UNITTEST_HAS_COLOURS = sys.version_info >= (3, 14)

# Exception groups, and the columns of instructions, came with 3.11.
HAS_EXCEPTION_GROUPS = CODE_HAS_POSITIONS = sys.version_info >= (3, 11)

# Where socketpair() is a system call it needs no network; elsewhere the standard library
# builds one from a listening loopback socket, which must then be let through.
SOCKETPAIR_IS_A_SYSTEM_CALL = not WINDOWS

# Where a signal ends a process, and its exit status is the negative number of that. On Windows, every end has a status
# of 32 bits; Control-C and Control-Break have this one.
HAS_SIGNALS = not WINDOWS
MAX_EXIT_STATUS = 2**32 - 1 if WINDOWS else 255
TERMINATED_STATUS, CONTROL_C_STATUS = 1, 0xC000013A

# What the error of a child names that could not take over the files that it was given: its program, or its folder.
BAD_FILES_BLAME_THE_PROGRAM = sys.version_info >= (3, 13)

STDLIB_DIRECTORY = os.path.dirname(os.path.abspath(os.__file__)) + os.sep

HOSTS_FILE = r"C:\Windows\System32\drivers\etc\hosts" if WINDOWS else "/etc/hosts"

# How Popen and os.system run a line with a shell; on Windows, Popen has the full path of the program.
SHELL = ["cmd", "/c"] if WINDOWS else ["/bin/sh", "-c"]

# Every spawned multiprocessing child goes through fork_exec, which raises an audit event from 3.14 on.
FORK_EXEC_RAISES_NO_EVENT = not WINDOWS and sys.version_info < (3, 14)

# From 3.13 on, None as the environment of os.posix_spawn stands for that of this process.
POSIX_SPAWN_TAKES_NONE = sys.version_info >= (3, 13)

# Of Python's own ways to wait, time.sleep raises an audit event from 3.13 on.
SLEEP_RAISES_AN_EVENT = sys.version_info >= (3, 13)

# From 3.13 on, PYTHON_CPU_COUNT says how many processors os.cpu_count() returns.
CPU_COUNT_CAN_BE_SET = sys.version_info >= (3, 13)

# Functions that the guard replaces, and where they are missing. Any other one that is missing is an error: a guard
# counts as installed only when all of it is in place.
MAY_BE_MISSING = {
    "start_joinable_thread": "before 3.13",
    "start_new": "in a later Python: it is an obsolete name",
    "posix_spawn": "on Windows, and where the C library has none",
    "posix_spawnp": "on Windows, and where the C library has none",
    "sendmsg": "on Windows",
}

# Until 3.11, the type of sockets is one for all interpreters of a process.
INTERPRETERS_SHARE_C_TYPES = sys.version_info < (3, 12)

# The socket options IP_ADD_MEMBERSHIP, IP_ADD_SOURCE_MEMBERSHIP, IPV6_JOIN_GROUP, MCAST_JOIN_GROUP and
# MCAST_JOIN_SOURCE_GROUP: Python has names for some of them only.
MULTICAST_OPTIONS = {"linux": (35, 39, 20, 42, 46), "win32": (12, 15, 12, 41, 45)}.get(
    sys.platform, (12, 70, 12, 80, 82)
)
# Where the socket address begins in the value of the last two, after an index of 4 bytes.
GROUP_REQUEST_ADDRESS = 4 if sys.platform == "darwin" or sys.maxsize < 2**32 else 8

# The CI systems that read annotations from what a step prints, by the variable that each sets to true.
ANNOTATING_CI = {"GITHUB_ACTIONS": "github", "TF_BUILD": "azure"}

# Where a process finds its own open file descriptors, one entry each; Windows does not list them.
OPEN_FILES_FOLDER = "" if WINDOWS else "/proc/self/fd" if LINUX else "/dev/fd"
