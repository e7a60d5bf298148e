"""Settings on the command line: display, errors, and their effect on a run."""

from __future__ import annotations

import os

import hermetic
import support
from hermetic._settings import table
from support.settings_files import ConfigTestCase, shown_settings


@hermetic.medium
class CommandLineTest(ConfigTestCase):
    def run_here(self, *arguments: str, **env: str) -> tuple[int, str, str]:
        done = support.run_hermetic(*arguments, cwd=self.folder, env=env)
        return done.returncode, done.stdout, done.stderr

    def test_show_config_prints_the_settings_and_runs_nothing(self):
        self.write(setup_cfg="[tool:hermetic]\nmode = warn\n")
        support.write_files(self.folder, {"test_x.py": "raise SystemExit('imported')"})
        status, out, err = self.run_here(
            "--show-config", "--default-size", "small", "discover", HERMETIC_START_METHOD="platform"
        )
        self.assertEqual((status, err), (0, ""))
        path = os.path.join(self.folder, "setup.cfg")
        expected = shown_settings(
            mode=f"warn  ({path})", default_size="small  (command line)", start_method="platform  (environment)"
        )
        self.assertEqual(out.splitlines(), expected)

    def test_show_config_does_not_run_a_script_either(self):
        self.write(setup_cfg="")
        support.write_files(self.folder, {"run.py": "print('it ran')"})
        status, out, _ = self.run_here("--show-config", "--script", "run.py")
        self.assertEqual((status, out.splitlines()[0]), (0, "mode = strict  (default)"))

    def test_wrong_settings_end_with_status_2_and_one_line(self):
        self.write(setup_cfg="[tool:hermetic]\nmode = wrong\n")
        status, out, err = self.run_here("discover")
        self.assertEqual((status, out, len(err.splitlines())), (2, "", 1))
        self.assertIn("error: " + os.path.join(self.folder, "setup.cfg"), err)

    def test_wrong_settings_end_a_script_before_it_begins(self):
        self.write(setup_cfg="[tool:hermetic]\nmode = wrong\n")
        support.write_files(self.folder, {"run.py": "print('it ran')"})
        status, out, err = self.run_here("--script", "run.py")
        self.assertEqual((status, out, len(err.splitlines())), (2, "", 1))

    def test_a_wrong_option_ends_with_status_2_and_the_accepted_values(self):
        self.write(setup_cfg="")
        status, _, err = self.run_here("--mode", "loud", "discover")
        self.assertEqual(status, 2)
        for value in ("--mode", "'loud'", "strict", "warn", "off"):
            self.assertIn(value, err)

    def test_a_default_size_applies_to_tests_that_say_none(self):
        self.write(setup_cfg="")
        source = "import os, unittest\nclass T(unittest.TestCase):\n    def test_x(self):\n        os.system('cd .')\n"
        support.write_files(self.folder, {"test_x.py": source})
        self.assertEqual(self.run_here("test_x")[0], 0)
        self.assertEqual(self.run_here("--default-size", "small", "test_x")[0], 1)
        self.assertEqual(self.run_here("test_x", TEST_SIZE="small")[0], 1)
        self.assertEqual(self.run_here("--default-size=medium", "test_x", TEST_SIZE="small")[0], 0)

    def test_the_mode_decides_what_a_violation_is(self):
        self.write(setup_cfg="[tool:hermetic]\ndefault_size = small\n")
        source = (
            "import os, unittest\nclass T(unittest.TestCase):\n"
            "    def test_x(self):\n        self.assertEqual(os.system('cd .'), 0)\n"
        )
        support.write_files(self.folder, {"test_x.py": source})
        seen = [
            (status, "H003" in err)
            for status, _, err in (self.run_here("--mode", mode, "test_x") for mode in table.MODES)
        ]
        self.assertEqual(seen, [(1, True), (0, True), (0, False)])

    def test_a_path_pattern_allows_to_the_matching_file_alone(self):
        self.write(
            setup_cfg="[tool:hermetic]\ndefault_size = small\n[tool:hermetic:allow:test_a*]\nprocesses = python*\n"
        )
        source = (
            "import subprocess, sys, unittest\nclass T(unittest.TestCase):\n"
            "    def test_x(self):\n        subprocess.run([sys.executable, '-c', ''])\n"
        )
        support.write_files(self.folder, {"test_a.py": source, "test_b.py": source})
        self.assertEqual((self.run_here("test_a")[0], self.run_here("test_b")[0]), (0, 1))
