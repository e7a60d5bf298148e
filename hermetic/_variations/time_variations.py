"""Variations of the date, by libfaketime, and of how long things take."""

from __future__ import annotations

import glob

from .._base import features
from .variation import Variation, not_on_windows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .variation import Value

_LIBRARIES = (
    *("/usr/lib/*/faketime/libfaketime.so.1", "/usr/lib*/faketime/libfaketime.so.1"),
    "/usr/local/lib*/faketime/libfaketime.so.1",
)


def _library() -> str:
    """The path of libfaketime; empty if it is not installed."""
    return next((path for pattern in _LIBRARIES for path in sorted(glob.glob(pattern))), "")


def _no_library() -> str:
    return "" if features.LINUX and _library() else "libfaketime is not installed (the package faketime)"


def _date(value: str, date: str, *, zone: str = "") -> Variation:
    environ: dict[str, Value] = {
        "LD_PRELOAD": _library,
        "FAKETIME": f"@{date}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
        **({"TZ": zone} if zone else {}),
    }
    sets = f"the clock starts at {date}{f' in {zone}' if zone else ''}; file times are the real ones"
    return Variation(
        "date",
        value,
        sets,
        environ,
        at_start=True,
        excludes=("timezone",) if zone else (),
        is_apart=bool(zone),
        reason=_no_library,
    )


VARIATIONS = (
    _date("month-end", "2027-01-31 23:59:55"),
    _date("leap-day", "2028-02-29 12:00:00"),
    _date("year-end", "2027-12-31 23:59:55"),
    _date("clock-change", "2027-03-14 01:59:55", zone="America/New_York"),
    _date("ten-years-on", "2037-06-15 12:00:00"),
    Variation(
        "timing", "slow", "threads and programs start late, and sleeps last longer", {"VARY_DELAYS": "1"},
        at_start=True, slows=4.0, reason=not_on_windows,
        excludes=("date",),  # both replace time.sleep, and hermetic's own waits need the replacement of date
    ),
)  # fmt: skip
