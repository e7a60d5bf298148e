"""Describes the scope in force for children that are not forked, which inherit it.

The description is source text of builtins only, which runs before the child has its ``sys.path``.
"""

from __future__ import annotations

import os

from .._verdicts import log_writing, scopes, subjects, violation_data, violation_log
from . import ceilings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._verdicts.scopes import Scope


def describe_in_force() -> dict[str, Any] | None:
    """The scope in force as ``describe``; None for none."""
    scope = subjects.scope_in_force()
    return None if scope is None else describe(scope)


def describe(scope: Scope) -> dict[str, Any]:
    """A scope as plain data, for a child that is about to be started in it."""
    violation_log.prepare_log(scope)
    name, policy = subjects.answering(scope)
    return {
        "serial": scope.known_serial,
        "births_of": scope.births_of,
        "test": name,
        "report": scope.log_path,
        "depth": scopes.running.depth + 1,
        "sandboxed": scopes.running.is_held_by_kernel(),
        "ceilings": tuple(ceilings.in_force()),
        "policy": violation_data.policy_fields(policy),
    }


_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # now: a test may change the folder

# In ASCII alone, because a program gets it in its environment, whatever the locale is.
# The package itself would import unittest: its parts are imported below a stand-in that is gone afterwards.
_BOOT = """\
import sys, types
_known = 'hermetic' in sys.modules
_package = sys.modules.setdefault('hermetic', types.ModuleType('hermetic'))
_package.__path__ = [{package!a}]
import importlib
importlib.import_module('hermetic.{module}').boot({payload!a})
_known or sys.modules.pop('hermetic')
"""

# A process that cannot be guarded must not run, and the run must know why.
_BOOT_OR_END = """\
try:
    exec({boot!a}, {{'__name__': 'hermetic_boot'}})
except Exception as _error:
    import json, os, sys, traceback
    _text = {headline!a}
    try:
        try:
            _text += traceback.format_exc()
        except Exception:  # Python 3.15 raises for some errors of imports
            _text += ascii(_error)
        sys.stderr.write(_text)
        _file = os.open({report!a}, os.O_WRONLY | os.O_APPEND)
        os.write(_file, json.dumps({{'serial': {serial}, 'fault': _text}}).encode() + b'\\n')
    finally:
        os._exit({status})
"""
_HEADLINE = "[H009] internal error: a child process of test {test} could not be guarded, and was ended\n"


def boot_code(module: str, payload: dict[str, Any] | None, scope: dict[str, Any] | None = None) -> str:
    """Source text that has a fresh interpreter of this Python call ``boot`` of one of our modules.

    Args:
        module: the module's name, below the package.
        payload: what ``boot`` is called with; literals only.
        scope: as ``describe``, for a process of its own: a failure is then reported to the scope, and ends the
            process. Without, a failure is raised.
    """
    boot = _BOOT.format(package=_PACKAGE, module=module, payload=payload)
    if scope is None:
        return boot
    headline = _HEADLINE.format(test=scope["test"])
    return _BOOT_OR_END.format(
        boot=boot, headline=headline, report=scope["report"], serial=scope["serial"], status=log_writing.END_STATUS
    )
