"""Settings of all places hold under pytest, imports are judged, and plugins with the same markers are refused."""

from __future__ import annotations

import unittest

from hermetic import medium
from support.hosts import installed
from support.pytest_runs import run_pytest

VIOLATING = "import subprocess\ndef test_a(): subprocess.run(['true'])\n"
READING = "import time\ndef test_a(): time.sleep(0.01)\n"


@medium
@installed("pytest", "pytest")
class SettingsTest(unittest.TestCase):
    def test_the_default_size_comes_from_every_place(self) -> None:
        inside = {"test_a.py": VIOLATING}
        section = "[tool:hermetic]\ndefault_size = small\n"
        for what, files, options, env in (
            ("setup.cfg", {**inside, "setup.cfg": section}, (), {}),
            ("environment", inside, (), {"HERMETIC_DEFAULT_SIZE": "small"}),
            ("option", inside, ("--hermetic-default-size=small",), {}),
        ):
            with self.subTest(what):
                run = run_pytest(files, *options, env=env)
                self.assertEqual({"test_a": ["ERROR"]}, run.outcomes, run.output)
        run = run_pytest({**inside, "setup.cfg": section}, "--hermetic-default-size=medium")
        self.assertEqual({"test_a": ["PASSED"]}, run.outcomes, run.output)

    def test_the_folder_of_a_run_from_elsewhere(self) -> None:
        files = {"project/setup.cfg": "[tool:hermetic]\ndefault_size = small\n", "project/test_a.py": VIOLATING}
        files["project/pytest.ini"] = "[pytest]\n"
        run = run_pytest(files, "project")
        self.assertEqual({"test_a": ["ERROR"]}, run.outcomes, run.output)

    def test_forbid(self) -> None:
        run = run_pytest({"test_a.py": READING}, "--hermetic-default-size=small", "--hermetic-forbid=sleep,filesystem")
        self.assertEqual({"test_a": ["ERROR"]}, run.outcomes, run.output)
        clean = "def test_a(tmp_path): (tmp_path / 'a').write_text('b')\n"
        run = run_pytest({"test_a.py": clean}, "--hermetic-default-size=small", "--hermetic-forbid=filesystem")
        self.assertEqual({"test_a": ["PASSED"]}, run.outcomes, run.output)

    def test_wrong_settings_are_one_clear_error(self) -> None:
        run = run_pytest({"test_a.py": VIOLATING}, env={"HERMETIC_DEFAULT_SIZE": "tiny"})
        self.assertEqual(4, run.status, run.output)
        self.assertIn("ERROR: hermetic: environment: HERMETIC_DEFAULT_SIZE = 'tiny' is not one of", run.output)
        run = run_pytest({"test_a.py": VIOLATING}, "--hermetic-mode=strickt")
        self.assertIn("ERROR: hermetic: --hermetic-mode 'strickt' is not one of", run.output)

    def test_the_plugin_can_be_turned_off(self) -> None:
        run = run_pytest({"test_a.py": VIOLATING}, "-p", "no:hermetic", env={"HERMETIC_DEFAULT_SIZE": "small"})
        self.assertEqual({"test_a": ["PASSED"]}, run.outcomes, run.output)

    def test_imports_are_held_to_the_default_size(self) -> None:
        swallowed = "import subprocess\ntry: subprocess.run(['true'])\nexcept Exception: pass\ndef test_a(): pass\n"
        files = {"test_a.py": swallowed, "test_b.py": "import subprocess\nsubprocess.run(['true'])\n"}
        run = run_pytest(files, "--hermetic-default-size=small")
        self.assertEqual({"test_a.py": ["ERROR"], "test_b.py": ["ERROR"]}, run.outcomes, run.output)


@medium
@installed("pytest", "pytest")
class OtherPluginsTest(unittest.TestCase):
    FILES = {  # noqa: RUF012 - only read
        "other_plugin/__init__.py": """
            def pytest_configure(config):
                config.addinivalue_line("markers", "small: another meaning")
        """,
        "other.dist-info/METADATA": "Metadata-Version: 2.1\nName: pytest-other\nVersion: 1\n",
        "other.dist-info/entry_points.txt": "[pytest11]\nother = other_plugin\n",
        "test_a.py": "def test_a(): pass\n",
    }

    def test_a_plugin_with_the_same_marker_is_named(self) -> None:
        run = run_pytest(self.FILES)
        self.assertEqual(4, run.status, run.output)
        self.assertIn("hermetic and pytest-other both define the marker 'small'", run.output)
        self.assertIn("-p no:other", run.output)
        self.assertEqual(0, run_pytest(self.FILES, "-p", "no:other").status)

    def test_markers_of_the_project_are_not_refused(self) -> None:
        own = {**self.FILES, "conftest.py": self.FILES["other_plugin/__init__.py"]}
        run = run_pytest({**own, "pytest.ini": "[pytest]\nmarkers = small: ours\n"}, "-p", "no:other")
        self.assertEqual(0, run.status, run.output)


@medium
@installed("pytest", "pytest")
class FrozenTimeTest(unittest.TestCase):
    def test_freezegun_leaves_the_modules_of_hermetic_out(self) -> None:
        freezegun = """
            ignored = []
            def configure(extend_ignore_list): ignored.extend(extend_ignore_list)
        """
        test = "import freezegun\ndef test_a(): assert freezegun.ignored == ['hermetic._']\n"
        run = run_pytest({"freezegun.py": freezegun, "test_a.py": test})
        self.assertEqual({"test_a"}, run.named("PASSED"), run.output)
        run = run_pytest({"freezegun.py": "", "test_a.py": "import freezegun\ndef test_a(): pass\n"})
        self.assertEqual({"test_a"}, run.named("PASSED"), run.output)
