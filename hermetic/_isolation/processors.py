"""The number of processors that this process may use: by its affinity, and by the quota of its container."""

from __future__ import annotations

import os

from .._base import real

_GROUPS = "/sys/fs/cgroup"


def usable() -> int:
    """The number of processors; a fraction is rounded up."""
    bound: int | None
    if hasattr(os, "process_cpu_count"):  # from Python 3.13 on
        bound = os.process_cpu_count()
    elif hasattr(os, "sched_getaffinity"):
        bound = len(os.sched_getaffinity(0))
    else:
        bound = os.cpu_count()
    share = quota()
    return max(1, min(bound or 1, bound or 1 if share is None else -int(-share // 1)))


def quota(groups: str = _GROUPS, own: str = "/proc/self/cgroup") -> float | None:
    """The number of processors that the control groups of this process allow; None without a limit.

    Args:
        groups: the folder where control groups are mounted.
        own: the file that names the groups of this process.
    """
    found = []
    for line in _read(own).splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers:  # version 2: the limits of all groups above hold, too
            folder = groups + path.rstrip("/")
            while folder.startswith(groups):
                found.append(_ratio(*_read(f"{folder}/cpu.max").split()))
                folder = os.path.dirname(folder)
        elif "cpu" in controllers.split(","):  # version 1
            folder = f"{groups}/cpu"  # a container sees its own group at the root
            found.append(_ratio(_read(f"{folder}/cpu.cfs_quota_us"), _read(f"{folder}/cpu.cfs_period_us")))
    limits = [ratio for ratio in found if ratio is not None]
    return min(limits, default=None)


def _ratio(share: str = "", period: str = "") -> float | None:
    try:
        ratio = int(share) / int(period)
    except (ValueError, ZeroDivisionError):  # "max", or there is no such file
        return None
    return ratio if ratio > 0 else None


def _read(path: str) -> str:
    try:
        with real.open_file(path, encoding="ascii") as file:
            return file.read().strip()
    except (OSError, ValueError):
        return ""
