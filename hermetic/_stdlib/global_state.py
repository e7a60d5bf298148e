"""Reads the global state of the standard library that tests may change, warning filters included.

CPython's own regression tests watch the same state.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MULTIPROCESSING_FOLDER = "pymp-"  # the prefix of the temporary folder for multiprocessing's sockets


def logging_handlers(logging: Any) -> tuple[Any, ...]:
    """Return the named and the ordered registry of logging's handlers."""
    return dict(logging._handlers), list(logging._handlerList)


def event_loop_policy(events: Any) -> Any:
    """Return the event loop policy, or None: asyncio's own getter would set one."""
    return events._event_loop_policy


def sysconfig_state(sysconfig: Any) -> tuple[Any, ...] | None:
    """Return the configuration variables and the installation schemes; None before they were first read."""
    variables = sysconfig._CONFIG_VARS
    return None if variables is None else (dict(variables), {**sysconfig._INSTALL_SCHEMES})


def url_opener(request: Any) -> Any:
    """Return the opener that ``install_opener`` has set."""
    return request._opener


def url_temporary_files(request: Any) -> list[str]:
    """Return the files that ``urlretrieve`` has left for ``urlcleanup``."""
    return list(request._url_tempfiles)


def archive_formats(shutil: Any) -> dict[str, Any]:
    """Return the registry of archive formats, by name."""
    return shutil._ARCHIVE_FORMATS  # type: ignore[no-any-return]


def unpack_formats(shutil: Any) -> dict[str, Any]:
    """Return the registry of formats that can be unpacked, by name."""
    return shutil._UNPACK_FORMATS  # type: ignore[no-any-return]


def helper_files() -> list[int]:
    """Return the file descriptors that multiprocessing holds for its resource tracker and its fork server."""
    tracker = sys.modules.get("multiprocessing.resource_tracker")
    forkserver = sys.modules.get("multiprocessing.forkserver")
    found = [tracker._resource_tracker._fd] if tracker else []
    found += [forkserver._forkserver._forkserver_alive_fd] if forkserver else []
    return [fd for fd in found if fd is not None]


def current_locale(locale: Any, category: str) -> Any:
    """Return the locale of a category, by the C function: ``setlocale`` of the module takes far more time."""
    return locale._setlocale(getattr(locale, category), None)


def warning_filters() -> list[Any]:
    """Return the filters of the warnings module."""
    return sys.modules["warnings"].filters  # type: ignore[no-any-return]


def allocation_of(message: Any) -> str:
    """Return the part of a shown ``WarningMessage`` that says where its source was allocated; empty if unknown."""
    warnings = sys.modules["warnings"]
    with_source, without = (
        warnings._formatwarnmsg_impl(warnings.WarningMessage("", message.category, "", 0, line="", source=source))
        for source in (message.source, None)
    )
    return with_source.removeprefix(without)  # type: ignore[no-any-return]
