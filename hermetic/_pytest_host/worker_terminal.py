"""Sends what pytest writes to the terminal while an isolated item runs to the session.

This is the text of ``--setup-show`` and of live logs. What pytest writes about reports is dropped, because the session
shows the reports itself.
"""

from __future__ import annotations

import importlib

from .._base import real

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

pytest: Any = importlib.import_module("pytest")


class WorkerTerminal:
    """The file that pytest's terminal writer writes to in a worker, and a plugin that notices what is about reports.

    Args:
        send: called with the elements of a frame.
    """

    def __init__(self, send: Callable[..., None]) -> None:
        self._send = send
        self._pid = 0  # of this process while text is sent: children that a test forks do not send

    def write(self, text: str) -> int:
        """Send a text of the item that runs."""
        if self._pid == real.get_pid():
            self._send("host", "text", text)
        return len(text)

    def flush(self) -> None:
        """Do nothing: text is sent at once."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # type: ignore[untyped-decorator]
    def pytest_runtest_logstart(self) -> Generator[None, Any, Any]:
        """Drop what is written about the start of an item, and send what follows."""
        result = yield
        self._pid = real.get_pid()
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # type: ignore[untyped-decorator]
    def pytest_runtest_logreport(self) -> Generator[None, Any, Any]:
        """Drop what is written about a report."""
        pid, self._pid = self._pid, 0
        result = yield
        self._pid = pid
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # type: ignore[untyped-decorator]
    def pytest_runtest_logfinish(self) -> Generator[None, Any, Any]:
        """Drop what is written after an item."""
        self._pid = 0
        return (yield)
