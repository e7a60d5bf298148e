"""Tests of the ``allow`` tables: path patterns, what they allow, and what is said about wrong ones."""

from __future__ import annotations

import os
from unittest import mock

import hermetic
import support
from hermetic._policy.decision import NO_ALLOWANCE, Allowance
from hermetic._settings import values
from support.settings_files import ConfigTestCase, needs_tomllib


class AllowTest(ConfigTestCase):
    def allowed(self, file: str) -> Allowance:
        return self.load().allowance_for(os.path.join(self.folder, file))

    def test_a_pattern_allows_to_the_files_that_it_matches_and_no_others(self):
        self.write(setup_cfg="[tool:hermetic:allow:tests/db/*]\nhosts = db.test:5432\nprocesses = git\n")
        self.assertEqual(self.allowed("tests/db/test_x.py"), Allowance(("db.test:5432",), ("git",)))
        self.assertEqual(self.allowed("tests/test_x.py"), NO_ALLOWANCE)
        self.assertEqual(self.allowed("other/tests/db/test_x.py"), NO_ALLOWANCE)

    def test_patterns_start_at_the_folder_of_the_file_and_reach_into_subfolders(self):
        self.write(setup_cfg="[tool:hermetic:allow:tests/*]\nprocesses = git\n")
        os.mkdir(os.path.join(self.folder, "below"))
        allowance = self.load(below="below").allowance_for(os.path.join(self.folder, "tests", "a", "b.py"))
        self.assertEqual(allowance.processes, ("git",))

    def test_what_several_patterns_allow_adds_up(self):
        self.write(
            setup_cfg="[tool:hermetic:allow:tests/*]\nhosts = a.test\n[tool:hermetic:allow:*_db.py]\nhosts = b.test\n"
        )
        self.assertEqual(self.allowed("tests/test_db.py").hosts, ("a.test", "b.test"))

    def test_lists_in_setup_cfg_are_separated_by_commas_spaces_or_lines(self):
        for value in ("a.test, b.test", "a.test b.test", "\n    a.test\n    b.test", "a.test,b.test,"):
            with self.subTest(value=value):
                self.write(setup_cfg=f"[tool:hermetic:allow:*]\nhosts = {value}\n")
                self.assertEqual(self.allowed("x.py").hosts, ("a.test", "b.test"))

    def test_an_empty_list_allows_nothing(self):
        self.write(setup_cfg="[tool:hermetic:allow:*]\nhosts =\nprocesses = ,\n")
        self.assertEqual(self.allowed("x.py"), NO_ALLOWANCE)

    def test_an_unknown_key_names_file_pattern_and_known_keys(self):
        self.write(setup_cfg="[tool:hermetic:allow:tests/*]\nhost = a.test\n")
        self.assert_error(
            os.path.join(self.folder, "setup.cfg"), "'tests/*'", "'host'", "hosts, processes, files or databases"
        )

    def test_a_wrong_port_names_file_and_entry(self):
        self.write(setup_cfg="[tool:hermetic:allow:tests/*]\nhosts = a.test:http\n")
        self.assert_error("'a.test:http'", "0 to 65535", os.path.join(self.folder, "setup.cfg"))

    @needs_tomllib
    def test_pyproject_takes_lists_of_strings(self):
        self.write(pyproject='[tool.hermetic.allow."tests/*"]\nhosts = ["a.test"]\nprocesses = ["git", "hg"]\n')
        self.assertEqual(self.allowed("tests/x.py"), Allowance(("a.test",), ("git", "hg")))

    @needs_tomllib
    def test_other_types_in_pyproject_are_errors(self):
        for value in ('"a.test"', "[1]", "true", "{}"):
            with self.subTest(value=value):
                self.write(pyproject=f'[tool.hermetic.allow."tests/*"]\nhosts = {value}\n')
                self.assert_error(
                    os.path.join(self.folder, "pyproject.toml"), "'tests/*'", "hosts", "is not a list of strings"
                )

    @needs_tomllib
    def test_an_allow_that_is_no_table_of_tables_is_an_error(self):
        for text in ('[tool.hermetic]\nallow = ["a.test"]\n', '[tool.hermetic.allow]\nhosts = ["a.test"]\n'):
            with self.subTest(text=text):
                self.write(pyproject=text)
                self.assert_error(os.path.join(self.folder, "pyproject.toml"), "allow", "is not a table")


class PatternsWithoutFilesTest(hermetic.HermeticTestCase):
    def folder(self) -> support.Folder:
        return support.Folder(**{"tests/db/test_a.py": "", "tests/test_b.py": "", "x/.hidden/test_c.py": ""})

    def test_are_those_that_match_no_file_however_deep(self):
        matching = ("tests/*", "tests/db/*", "*", "*/test_a.py", "tests/test_b.py", "tests/[dx]b/*", "x/.hidden/*")
        idle = ("no/such/*", "tests/no/*", "tests/test_c.py", "*/test_c.py", "tests/db", "test/*")
        with self.folder() as folder:
            self.assertEqual(values.without_files((*matching, *idle), folder), [*idle])

    def test_a_search_that_takes_too_long_claims_nothing(self):
        with self.folder() as folder, mock.patch.object(values, "_MOST_FILES", 0):
            self.assertEqual(values.without_files(["tests/no/*", "*/nothing.py"], folder), ["tests/no/*"])

    @hermetic.medium
    def test_a_run_warns_of_them_with_the_file_that_has_them(self):
        files = {
            "setup.cfg": "".join(
                f"[tool:hermetic:allow:{name}]\nhosts = db.test\n" for name in ("test_*", "no/such/*")
            ),
            "test_it.py": "import hermetic\nclass Case(hermetic.HermeticTestCase):\n    def test_it(self): pass\n",
        }
        with support.Folder(**files) as folder:
            done = support.run_hermetic("test_it", cwd=folder)
            place = os.path.join(os.path.realpath(folder), "setup.cfg")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.count("matches no file"), 1, done.stderr)
        self.assertIn(f"warnings: allow 'no/such/*' in {place} matches no file\n", done.stderr)
