"""Which files are looked at for changes, and what counts as one."""

from __future__ import annotations

import os

from hermetic import HermeticTestCase
from hermetic._watch import source_files
from support import Folder, write_files

FILES = {
    "app.py": "",
    "pyproject.toml": "",
    "README.md": "",
    "pkg/sub/mod.py": "",
    ".hidden/mod.py": "",
    "pkg/__pycache__/mod.py": "",
    "env/pyvenv.cfg": "",
    "env/lib/mod.py": "",
    "lib/site-packages/mod.py": "",
}


class SourceFilesTest(HermeticTestCase):
    def test_python_and_configuration_outside_of_environments_are_looked_at(self):
        with Folder(**FILES) as folder:
            found = {os.path.relpath(path, folder) for path in source_files.files_in([folder])}
        self.assertEqual(found, {"app.py", "pyproject.toml", os.path.join("pkg", "sub", "mod.py")})

    def test_a_folder_that_is_not_there_has_none(self):
        self.assertEqual(source_files.files_in([os.path.join(os.sep, "no", "such", "folder")]), {})

    def test_new_changed_and_removed_files_are_changes(self):
        with Folder(**{"a.py": "", "b.py": "", "c.py": ""}) as folder:
            before = source_files.files_in([folder])
            self.assertEqual(source_files.changes(before, source_files.files_in([folder])), set())
            os.unlink(os.path.join(folder, "a.py"))
            write_files(folder, {"b.py": "x = 1", "d.py": ""})
            changed = source_files.changes(before, source_files.files_in([folder]))
        self.assertEqual({os.path.basename(path) for path in changed}, {"a.py", "b.py", "d.py"})
