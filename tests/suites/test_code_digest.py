"""Whether two runs tested the same code."""

from __future__ import annotations

import os
import sys
import types
from unittest import mock

from hermetic import HermeticTestCase
from hermetic._suites import code_digest
from support import Folder


class LoadedFilesTest(HermeticTestCase):
    def test_they_are_those_of_the_project_that_are_not_installed(self):
        root = os.path.abspath("project")
        paths = {"of_project": ("shop.py",), "installed": ("site-packages", "lib.py"), "elsewhere": ("..", "os.py")}
        found = {name: types.ModuleType(name) for name in (*paths, "without_file")}
        for name, parts in paths.items():
            found[name].__file__ = os.path.normpath(os.path.join(root, *parts))
        found["not_a_module"] = None
        with mock.patch.dict(sys.modules, found):
            self.assertEqual(code_digest.loaded_files(root), [os.path.join(root, "shop.py")])


class DigestTest(HermeticTestCase):
    def digest(self, **files):
        with Folder(**files) as folder:
            return code_digest.digest(folder, sorted(os.path.join(folder, name) for name in files))

    def test_it_depends_on_the_names_and_contents_of_the_files_alone(self):
        self.assertEqual(self.digest(a="x = 1\n"), self.digest(a="x = 1\n"))
        different = {self.digest(a="x = 1\n"), self.digest(a="x = 2\n"), self.digest(b="x = 1\n"), self.digest(a="")}
        self.assertEqual(len(different), 4)
        self.assertEqual(len(self.digest(a="x = 1\n")), 8)

    def test_line_endings_make_no_difference(self):
        with Folder() as folder:
            found = []
            for content in (b"x = 1\ny = 2\n", b"x = 1\r\ny = 2\r\n"):
                with open(os.path.join(folder, "a.py"), "wb") as file:
                    file.write(content)
                found.append(code_digest.digest(folder, [os.path.join(folder, "a.py")]))
        self.assertEqual(*found)

    def test_a_file_that_is_gone_counts_as_empty_and_no_files_have_no_digest(self):
        folders = [os.path.abspath(name) for name in ("x", "y")]
        digests = {code_digest.digest(folder, [os.path.join(folder, "missing.py")]) for folder in folders}
        self.assertEqual(len(digests), 1)
        self.assertEqual(code_digest.digest(folders[0], []), "")
