"""Loads settings from files in a folder that has no other settings."""

from __future__ import annotations

import os
import unittest
from unittest import mock

import hermetic
import support
from hermetic import ConfigurationError
from hermetic._base import features
from hermetic._settings import config
from hermetic._settings.values import Settings

needs_tomllib = unittest.skipUnless(features.HAS_TOMLLIB, "pyproject.toml is read from Python 3.11 on")


class ConfigTestCase(hermetic.HermeticTestCase):
    """Has a folder to itself, and an environment without any setting."""

    def setUp(self) -> None:
        folder = support.Folder()
        self.folder = os.path.realpath(folder.__enter__())
        self.addCleanup(folder.__exit__)
        bare = {
            name: value for name, value in os.environ.items() if not name.startswith(("HERMETIC_", "TEST_", "XML_"))
        }
        patch = mock.patch.dict(os.environ, bare, clear=True)
        patch.start()
        self.addCleanup(patch.stop)

    def write(self, **files: str) -> None:
        names = {"setup_cfg": "setup.cfg", "pyproject": "pyproject.toml"}
        support.write_files(self.folder, {names[name]: text for name, text in files.items()})

    def load(self, below: str = "", **command_line: str | None) -> Settings:
        return config.load(command_line, os.path.join(self.folder, below))

    def paths(self, *names: str) -> list[str]:
        """Paths from the folder of the files."""
        return [os.path.abspath(os.path.join(self.folder, name)) for name in names]

    def assert_error(self, *parts: str, **command_line: str | None) -> None:
        """The settings are refused, and each part is in the text."""
        with self.assertRaises(ConfigurationError) as caught:
            self.load(**command_line)
        for part in parts:
            self.assertIn(part, str(caught.exception))


# What ``--show-config`` prints where nothing is set.
_DEFAULTS = (
    "mode = strict  (default)",
    "default_size = none  (default)",
    "forbid = none  (default)",
    "size_distribution = off  (default)",
    "size_targets = 80, 15, 5  (default)",
    "start_method = spawn  (default)",
    "isolated = false  (default)",
    "no_isolation = false  (default)",
    "isolated_timeout = 300  (default)",
    "isolated_start = auto  (default)",
    "detect_leaks = false  (default)",
    "leaks = warn  (default)",
    "jobs = 1  (default)",
    "time_limits = warn  (default)",
    "retries = 0  (default)",
    "flaky = warn  (default)",
    "maxfail = none  (default)",
    "test_timeout = none  (default)",
    "processes_at_import = error  (default)",
    "max_process_depth = 8  (default)",
    "max_process_starts = 5000  (default)",
    "max_processes = 1000  (default)",
    "junit_xml = none  (default)",
    "json = none  (default)",
    "html = none  (default)",
    "annotations = auto  (default)",
    "junit_schema = extended  (default)",
    "shuffle = off  (default)",
    "shuffle_level = test  (default)",
    "failed_first = false  (default)",
    "history = auto  (default)",
    "vary_known = none  (default)",
    "progress = auto  (default)",
    "show_failures = auto  (default)",
    "sandbox = off  (default)",
)


def shown_settings(**changed: str) -> list[str]:
    """The lines of ``--show-config``.

    Args:
        changed: by the name of a setting, what its line shows instead of its default.
    """
    assert set(changed) <= {line.partition(" ")[0] for line in _DEFAULTS}
    return [f"{name} = {changed[name]}" if (name := line.partition(" ")[0]) in changed else line for line in _DEFAULTS]
