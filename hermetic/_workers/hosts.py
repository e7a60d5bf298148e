"""Hosts: what the tests of a framework need in workers, besides what unittest's need.

A host is an object of a module of ours, which is loaded by name once the tests have loaded the framework. So nothing
here knows a framework but for its name.
"""

from __future__ import annotations

import sys

from .._base import real
from .._settings.current_run import current_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

_PACKAGE = __package__.partition(".")[0]
_HOSTS = {"django.test": "_django_host.worker_host"}  # by the module that the tests of a framework import


class Host:
    """A host that asks for nothing; those of frameworks override what their tests need."""

    # --- in the process of the run ---

    def before_workers(self, tests: Sequence[Any]) -> None:
        """Prepare for workers, before the first one is started or forked.

        Args:
            tests: of the run, those that workers will run.
        """

    def after_workers(self) -> None:
        """Clean up, when all workers have ended."""

    def describe(self) -> Any:
        """Describe what ``take_on`` needs as plain data; None if the framework is not set up."""

    def refuse(self, test: Any) -> None:
        """Refuse a test that is to run in a worker which is not forked from the run.

        Raises:
            IsolationError: it cannot run there; the text says why, and what to do.
        """

    # --- in a worker ---

    def take_on(self, described: Any) -> None:
        """Set the framework up in another interpreter, before test modules are imported."""

    def before_test(self, test: Any) -> None:
        """Provide what a test needs, before the fixtures of its class.

        Raises:
            Exception: it cannot be provided, which is an error of the test.
        """

    def before_end(self) -> None:
        """Give back what tests were provided with, after the last test and its fixtures."""


def in_use() -> Iterator[Host]:
    """Yield the hosts of the frameworks that are loaded."""
    for framework in _HOSTS:
        if framework in sys.modules:
            yield host_of(framework)


def described() -> dict[str, Any]:
    """What the hosts in use describe, by framework."""
    found = {framework: host_of(framework).describe() for framework in _HOSTS if framework in sys.modules}
    return {framework: description for framework, description in found.items() if description is not None}


def set_up_frameworks(descriptions: dict[str, Any]) -> None:
    """Set up in this interpreter the frameworks that another one has described."""
    for framework, description in descriptions.items():
        host_of(framework).take_on(description)


def host_of(framework: str) -> Any:
    """Return the host of a framework, by the module that its tests import."""
    if framework not in current_run.hosts:
        current_run.hosts[framework] = real.import_module(f"{_PACKAGE}.{_HOSTS[framework]}").WorkerHost()
    return current_run.hosts[framework]
