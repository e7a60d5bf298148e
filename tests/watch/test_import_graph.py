"""Which files a file needs, by what it imports."""

from __future__ import annotations

import os

from hermetic import HermeticTestCase
from hermetic._watch.import_graph import ImportGraph
from support import Folder, write_files

FILES = {
    "app/__init__.py": "",
    "app/prices.py": "",
    "app/cart.py": "from . import prices\nfrom .shared.money import round_up\n",
    "app/shared/__init__.py": "from ..settings import *\n",
    "app/shared/money.py": "import json, tests_of_nobody\n",
    "app/settings.py": "",
    "app/mail.py": "def send():\n    import app.prices as p\n",
    "plain/module.py": "",
    "tests/test_cart.py": "from app import cart\n",
    "tests/test_mail.py": "from unittest import mock\nmail = mock.patch('app.mail.send')\n",
    "tests/test_plain.py": "import plain.module\n",
    "tests/test_circle.py": "import test_other\n",
    "tests/test_other.py": "import test_circle\n",
    "tests/test_broken.py": "import app.prices\n",
}


class ImportGraphTest(HermeticTestCase):
    def setUp(self) -> None:
        folder = Folder(**FILES)
        self.folder = os.path.realpath(folder.__enter__())
        self.addCleanup(folder.__exit__)
        self.graph = ImportGraph()
        self.update()

    def update(self, number: int = 0) -> None:
        paths = [os.path.join(folder, file) for folder, _, files in os.walk(self.folder) for file in files]
        signatures = {path: (number, os.stat(path).st_size) for path in paths}
        self.graph.update(signatures, [self.folder, os.path.join(self.folder, "tests")])

    def needed(self, file: str) -> set[str]:
        paths = self.graph.closure(os.path.join(self.folder, *file.split("/")))
        return {os.path.relpath(path, self.folder).replace(os.sep, "/") for path in paths} - {file}

    def test_imports_of_every_form_are_followed(self):
        package = {"app/__init__.py", "app/cart.py", "app/prices.py"}
        shared = {"app/shared/__init__.py", "app/shared/money.py", "app/settings.py"}
        self.assertEqual(self.needed("tests/test_cart.py"), package | shared)
        self.assertEqual(self.needed("tests/test_plain.py"), {"plain/module.py"})

    def test_imports_in_functions_and_modules_in_strings_count(self):
        self.assertEqual(self.needed("tests/test_mail.py"), {"app/__init__.py", "app/mail.py", "app/prices.py"})

    def test_circles_end(self):
        self.assertEqual(self.needed("tests/test_circle.py"), {"tests/test_other.py"})

    def test_a_file_that_is_no_python_needs_what_it_needed_before(self):
        before = self.needed("tests/test_broken.py")
        write_files(self.folder, {"tests/test_broken.py": "import app.prices, (\n"})
        self.update(number=1)
        self.assertEqual((self.needed("tests/test_broken.py"), bool(before)), (before, True))

    def test_a_change_is_read(self):
        write_files(self.folder, {"tests/test_plain.py": "import app.mail\n"})
        self.update(number=1)
        self.assertIn("app/mail.py", self.needed("tests/test_plain.py"))
        self.assertNotIn("plain/module.py", self.needed("tests/test_plain.py"))

    def test_a_module_of_others_has_no_files(self):
        self.assertEqual(self.graph.files_of("json.decoder"), set())
