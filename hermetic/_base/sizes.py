"""Defines the test sizes, the table of what each size allows, and the enforcement modes.

The terms and time limits are those of Google's and Bazel's test sizes
(https://bazel.build/reference/be/common-definitions#test.size).
"""

from __future__ import annotations

import enum

NO_LIMIT = float("inf")  # seconds; not math.inf, for which a file would have to be loaded


class Size(enum.Enum):
    """The sizes of tests, from the most to the least restricted.

    ``guard`` accepts members as well as names and marks. Type checkers accept the names only as literals: convert other
    strings with ``Size(text)``.
    """

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"
    XLARGE = "xlarge"


SIZE_NAMES = ("small", "medium", "large", "xlarge")

# What an operation touches: the column of the table that judges it; no size applies to multiprocessing.
NETWORK, PROCESS, MULTIPROCESSING, TIME = "network", "process", "multiprocessing", "time"

# Columns that are judged only where the setting ``forbid`` names them.
FILESYSTEM, DATABASE, SLEEP = OPT_IN = ("filesystem", "database", "sleep")

# How far the network may reach.
NOWHERE, LOOPBACK, ANYWHERE = "nowhere", "loopback", "anywhere"

# What a violation is: an error, a warning, or nothing.
STRICT, WARN, OFF = MODES = ("strict", "warn", "off")

# The mode of a survey, which no setting gives: everything is allowed, and recorded.
OBSERVE = "observe"


class Limits:
    """A row of the table.

    Args:
        network: how far connections, datagrams and listening sockets may go: ``NOWHERE``, ``LOOPBACK`` or
            ``ANYWHERE``. For ``LOOPBACK``, names may be looked up if they are loopback.
        processes: whether processes may be started.
        opt_in: whether files, databases and sleep may be used even where the setting ``forbid`` names them.
        time_limit: seconds that a test of the size should stay within.
    """

    __slots__ = ("network", "opt_in", "processes", "time_limit")

    def __init__(self, network: str, *, processes: bool, opt_in: bool, time_limit: float) -> None:
        self.network = network
        self.processes = processes
        self.opt_in = opt_in
        self.time_limit = time_limit


LIMITS = {
    Size.SMALL: Limits(NOWHERE, processes=False, opt_in=False, time_limit=1.0),
    Size.MEDIUM: Limits(LOOPBACK, processes=True, opt_in=True, time_limit=300.0),
    Size.LARGE: Limits(ANYWHERE, processes=True, opt_in=True, time_limit=900.0),
    Size.XLARGE: Limits(ANYWHERE, processes=True, opt_in=True, time_limit=3600.0),
}
