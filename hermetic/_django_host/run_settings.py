"""Puts the settings in force for a run of Django's test command, in its process and in those of ``--parallel``."""

from __future__ import annotations

import importlib

from .._base.sizes import Size
from .._rules import marking, policies
from .._settings import config
from .._settings.current_run import current_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    import contextlib
    from collections.abc import Mapping
    from typing import Any


OPTIONS = "--hermetic-"  # what the names of our options begin with


def put_in_force(given: Mapping[str, Any], while_running: contextlib.ExitStack) -> None:
    """Read the settings, and put them in force until the stack is left.

    Args:
        given: the settings from the command line, by name; None for one that was not given.

    Raises:
        ConfigurationError: as ``config.load``.
    """
    here = {name: value for name, value in given.items() if value is not None}
    settings = config.load({**current_run.given_on_command_line(), **here}, options=OPTIONS)
    marking.forget()
    while_running.callback(marking.forget)
    while_running.enter_context(current_run.restored())
    if not current_run.is_program:  # Django has --shuffle and --parallel for these, and its order must be kept
        settings = settings.replaced(shuffle="off", failed_first=False, jobs=1)
    current_run.settings = settings
    policies.install_guard(settings)
    if settings.isolated:
        current_run.watches_processes = True
    _give_servers_a_size(settings.default_size, while_running)


def _give_servers_a_size(default_size: Size | None, while_running: contextlib.ExitStack) -> None:
    """Make tests with a live server medium, where tests without a mark are small: the server listens on localhost."""
    if default_size is not Size.SMALL:
        return
    cls: Any = importlib.import_module("django.test").LiveServerTestCase
    cls.hermetic_default_size = Size.MEDIUM
    while_running.callback(delattr, cls, "hermetic_default_size")
