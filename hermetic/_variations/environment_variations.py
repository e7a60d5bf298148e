"""Variations of environment variables, among them the time zone and the locale."""

from __future__ import annotations

import functools
import os

from .variation import Variation, already, in_shell, not_on_windows, output_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .variation import Value

# Without these, Python or the program itself may not start.
_KEPT = (
    *("PATH", "HOME", "PYTHON", "LD_LIBRARY_PATH", "DYLD_", "VIRTUAL_ENV", "TMPDIR", "TMP", "TEMP", "SYSTEMROOT"),
    *("SystemRoot", "COMSPEC", "PATHEXT", "USERPROFILE", "LANG", "LC_", "HERMETIC_"),
)
_NOISE = {
    **{f"NOISE_{number}": "x" * number for number in range(100)},
    "EDITOR": "false",
    "PAGER": "false",
    "DEBUG": "1",
    "LANGUAGE": "et",
    "DISPLAY": ":77",
    "USER": "nobody",
    "LOGNAME": "nobody",
}
_PROXY = "http://127.0.0.1:9"
_PROXIES = {
    **dict.fromkeys(("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"), _PROXY),
    **dict.fromkeys(("no_proxy", "NO_PROXY")),
}
_C: dict[str, Value] = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
_LOCALE_VARIABLES: dict[str, Value] = dict.fromkeys(("LC_ALL", "LC_CTYPE", "LANG", "PYTHONUTF8", "PYTHONCOERCECLOCALE"))


def _zone(value: str, posix: str, why: str) -> Variation:
    """A time zone, by its name where this machine knows names."""
    zone = value if "/" in value and os.path.exists(f"/usr/share/zoneinfo/{value}") else posix

    def reason() -> str:
        return not_on_windows() or already("TZ", zone)()

    return Variation("timezone", value, f"TZ={zone}: {why}", {"TZ": zone}, reason=reason)


@functools.cache
def _locales() -> tuple[str, ...]:
    """The names of the locales of this machine."""
    return tuple(output_of("locale", "-a").split())


def _other_locale() -> str:
    """A locale of this machine with other words, numbers or letters; empty if there is none."""
    others = [name for name in _locales() if not name.startswith(("C", "POSIX", "en_"))]
    preferred = [name for name in others if name.startswith(("tr_", "de_", "fr_", "et_"))]
    return next(iter(sorted(preferred) or sorted(others)), "")


def _locale(value: str, sets: str, environ: dict[str, Value], reason: Callable[[], str] = str) -> Variation:
    return Variation(
        "locale", value, sets, {**_LOCALE_VARIABLES, **environ}, reason=lambda: not_on_windows() or reason()
    )


def _no_other_locale() -> str:
    return "" if _other_locale() else "this machine has no locale of another language (see locale -a)"


def _writes_anywhere() -> str:
    return not_on_windows() or ("root can write everywhere" if os.getuid() == 0 else "")


def _not_a_folder() -> str:
    return "" if os.path.isfile("/etc/passwd") else "there is no /etc/passwd"


VARIATIONS = (
    _zone("Asia/Kathmandu", "NPT-5:45", "an offset with 45 minutes"),
    _zone("America/New_York", "EST5EDT,M3.2.0,M11.1.0", "daylight saving time"),
    _zone("Pacific/Kiritimati", "XXX-14", "fourteen hours ahead of UTC"),
    _zone("Etc/GMT+12", "XXX+12", "twelve hours behind UTC"),
    _zone("UTC", "UTC0", "no offset"),
    _locale("C", "LC_ALL=C, and not UTF-8 instead: text files are ASCII", _C),
    _locale("utf-8-mode", "LC_ALL=C, PYTHONUTF8=1", {"LC_ALL": "C", "PYTHONUTF8": "1"}),
    _locale("utf-8", "LC_ALL=C.UTF-8", {"LC_ALL": "C.UTF-8"}),
    _locale("foreign", "LC_ALL is that of another language", {"LC_ALL": _other_locale}, _no_other_locale),
    Variation("stdout", "ascii", "PYTHONIOENCODING=ascii", {"PYTHONIOENCODING": "ascii"}, group="locale"),
    Variation("environment", "few", "only PATH, HOME and what starts Python", keeps=_KEPT),
    Variation("environment", "noise", "a hundred more variables, EDITOR=false, DEBUG=1 and others", _NOISE),
    Variation("ci", "set", "CI=true", {"CI": "true"}, reason=already("CI", "true")),
    Variation("ci", "unset", "no variable CI", {"CI": None}, reason=already("CI", None)),
    Variation("proxies", "set", f"http_proxy and others are {_PROXY}", _PROXIES),
    Variation(
        "terminal", "narrow", "TERM=dumb, COLUMNS=37, LINES=10", {"TERM": "dumb", "COLUMNS": "37", "LINES": "10"}
    ),
    Variation("colour", "off", "NO_COLOR=1", {"NO_COLOR": "1", "FORCE_COLOR": None}),
    Variation("colour", "on", "FORCE_COLOR=1", {"FORCE_COLOR": "1", "NO_COLOR": None, "PYTHON_COLORS": None}),
    Variation(
        "home", "missing", "HOME is a path that cannot exist", {"HOME": "/etc/passwd/home"},
        reason=lambda: not_on_windows() or _not_a_folder(),
    ),
    Variation("home", "unset", "no variable HOME", {"HOME": None}, reason=not_on_windows),
    Variation(
        "home", "read-only", "HOME is a folder that cannot be written", {"HOME": "{folder}/home"}, ("home",),
        prefix=in_shell('chmod 500 "$HOME"'), reason=_writes_anywhere,
    ),
    Variation("home", "empty", "HOME is a new empty folder", {"HOME": "{folder}/home"}, ("home",)),
)  # fmt: skip
