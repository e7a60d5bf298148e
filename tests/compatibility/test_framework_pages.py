"""The steps on the pages about Django, pytest-django, trial and vcrpy work where these are installed."""

from __future__ import annotations

import os
import re
import shlex
import textwrap
import unittest

from hermetic import medium
from support import ROOT, Folder, linux_only, run_python, write_files
from support.documents import read
from support.hosts import TIMEOUT, installed
from support.served_folder import ServedFolder

DJANGO = {
    "manage.py": "import sys\nfrom django.core.management import execute_from_command_line as main\nmain(sys.argv)\n",
    "settings.py": """
        SECRET_KEY = "for tests"
        DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
        INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes"]
        USE_TZ = True
    """,
    "shop/__init__.py": "",
}


@medium
class FrameworkPagesTest(unittest.TestCase):
    def check(self, page: str, files: dict[str, str], **variables: str) -> None:
        """Save the modules of a page, behind what the files hold, and run each of its commands: all tests pass."""
        with open(os.path.join(ROOT, "docs", "how-to", page), encoding="utf-8") as file:
            text = file.read()
        modules = re.findall(r"^```python\n# (\S+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        self.assertNotEqual(modules, [])
        added = {name: textwrap.dedent(files.get(name, "")) + module for name, module in modules}
        with Folder(**{**files, **added}) as folder:
            for command in re.findall(r"^python (.+)$", text, re.MULTILINE):
                done = run_python(*shlex.split(command), cwd=folder, env=variables, timeout=TIMEOUT)
                with self.subTest(command=command):
                    self.assertRegex(done.stdout + done.stderr, r"(?m)^(OK|PASSED .*|=+ \d+ passed in .*)$")
                    self.assertEqual(done.returncode, 0)

    @installed("django", "Django")
    def test_django(self):
        self.check("use-under-django.md", DJANGO, DJANGO_SETTINGS_MODULE="settings")

    @installed("django", "Django")
    @installed("pytest_django", "pytest-django")
    @linux_only("workers that are forked from the session")
    def test_pytest_django(self):
        settings = DJANGO["settings.py"].rstrip() + "\n        INSTALLED_APPS = ['django.contrib.contenttypes']\n"
        files = {**DJANGO, "settings.py": settings, "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = settings\n"}
        self.check("use-with-pytest-django.md", files)

    @installed("vcr", "vcrpy")
    def test_recorded_http(self):  # record-http.md: recorded with its server, replayed without
        text = read("docs", "how-to", "record-http.md")
        module = re.search(r"^```python\n# (\S+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        record, replay = re.findall(r"^(?:RECORD=(\w+) )?python -m hermetic (.+)$", text, re.MULTILINE)
        with Folder(**{"rates.json": '{"USD": 1.25}'}) as folder:
            with ServedFolder(folder) as address:
                write_files(folder, {module[1]: module[2].replace("http://127.0.0.1:8000", address)})
                refused = run_python("-m", "hermetic", *replay[1].split(), cwd=folder)
                recorded = run_python("-m", "hermetic", *record[1].split(), cwd=folder, env={"RECORD": record[0]})
            replayed = run_python("-m", "hermetic", *replay[1].split(), cwd=folder)
        self.assertIn("CannotOverwriteExistingCassetteException", refused.stderr)
        self.assertIn("test_rate connected to 127.0.0.1", recorded.stderr)
        self.assertEqual((recorded.returncode, replayed.returncode), (0, 0), recorded.stderr + replayed.stderr)

    @installed("twisted", "Twisted")
    def test_trial(self):
        self.check("use-under-trial.md", {})
