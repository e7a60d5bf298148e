"""The context of a run: what makes another interpreter like the one that runs the suite.

describe_context()   in the process of the run: its state when its first isolated test was defined, as plain data
take_on()            in the other interpreter: take on that state
"""

from __future__ import annotations

import os
import sys
import warnings

from .._patches.multiprocessing import start_method
from .._rules import marking, policies
from .._settings import config
from .._settings.current_run import current_run
from .._stdlib import global_state
from . import addressing, hosts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__unittest = True

_OURS = ("HERMETIC_ISOLATED", "TMPDIR", "TEMP", "TMP")  # variables that have other values in each worker


def describe_context(module: str, file: str | None, around: dict[str, Any]) -> dict[str, Any]:
    """The context as plain data.

    Args:
        module: the name of the module to import; empty for none.
        around: ``current_run.surroundings``.
    """
    return {
        **around,
        "path": [*sys.path],
        "argv": [*sys.argv],
        "modules": [[module, file]] if module else [],
        "filters": described_filters(),
        "hosts": hosts.described(),
        "observes": [current_run.is_observing, current_run.is_surveying],
        "command_line": current_run.given_on_command_line(),
        "root": current_run.settings.root,
    }


def take_on(context: dict[str, Any]) -> None:
    """Become like the described interpreter, and import its modules."""
    take_on_surroundings(context)
    settings = config.load(context["command_line"], context["root"])
    current_run.settings = settings
    current_run.is_observing, current_run.is_surveying = context["observes"]
    marking.forget()
    policies.install_guard(settings)
    start_method.default_start_method(settings.start_method).__enter__()  # until this process ends
    hosts.set_up_frameworks(context["hosts"])
    with policies.default_scope():
        for name, file in context["modules"]:
            try:
                addressing.import_module(name, file)
            except Exception:  # noqa: BLE001 - the test that needs the module raises it again
                sys.modules.pop(name, None)
    use_filters(context["filters"])


def take_on_surroundings(described: dict[str, Any]) -> None:
    """Take on the path of imports, the arguments, the environment and the current folder of another interpreter."""
    sys.path[:] = described["path"]
    sys.argv[:] = described["argv"]
    kept = {name: os.environ[name] for name in _OURS if name in os.environ}
    os.environ.clear()
    os.environ.update({**described["environ"], **kept})
    try:
        os.chdir(described["folder"])
    except OSError:
        pass  # it was removed: tests that need it will fail


def described_filters() -> list[list[Any]]:
    """Describe the filters of warnings as plain data."""
    return [_described_filter(entry) for entry in global_state.warning_filters()]


def use_filters(described: list[list[Any]]) -> None:
    """Replace the filters of warnings by the described ones."""
    warnings.resetwarnings()
    for action, message, category, module, line in described:
        warnings.filterwarnings(action, message, _category(*category), module, line, append=True)


def _described_filter(entry: tuple[Any, ...]) -> list[Any]:
    action, message, category, module, line = entry
    message, module = (getattr(pattern, "pattern", pattern) or "" for pattern in (message, module))
    return [action, message, [category.__module__, category.__qualname__], module, line]


def _category(module: str, name: str) -> type[Warning]:
    found: type[Warning] = getattr(sys.modules.get(module), name, Warning)
    return found
