"""What a distribution has: a README whose links lead somewhere, from anywhere."""

from __future__ import annotations

import os
import re
import runpy
import sys
import types
import unittest
from unittest import mock

from hermetic import small
from support import ROOT
from support.documents import read


@small
class ReadmeTest(unittest.TestCase):
    def metadata(self, **metadata: object) -> dict[str, object]:
        """What the hook of the build adds."""
        interface = types.ModuleType("hatchling.metadata.plugin.interface")
        interface.MetadataHookInterface = object
        with mock.patch.dict(sys.modules, {interface.__name__: interface}):
            hook = runpy.run_path(os.path.join(ROOT, "docs", "site", "readme_hook.py"))["ReadmeHook"]()
        hook.root = ROOT
        hook.update(metadata)
        return metadata

    def test_its_links_start_from_the_url_of_the_project(self):
        text = self.metadata(urls={"Source": "https://example.test/x/"})["readme"]["text"]
        found = re.findall(r"\]\(([^)]+)\)", text)
        self.assertIn("https://example.test/x/docs/tutorial.md", found)
        self.assertEqual([target for target in found if not re.match(r"https?:|#", target)], [])

    def test_without_a_url_it_is_that_of_the_checkout(self):
        self.assertEqual(self.metadata()["readme"], {"content-type": "text/markdown", "text": read("README.md")})


@small
class TopLevelTest(unittest.TestCase):
    def test_it_holds_nothing_but_what_is_looked_for_there(self):
        fixed = {"pyproject.toml", "README.md", "setup.cfg", "hermetic", "tests", "docs", "LICENSE"}
        of_builds = {"PKG-INFO", "build", "dist"}
        found = {name for name in os.listdir(ROOT) if not name.startswith((".", "__pycache__"))}
        self.assertEqual(found - fixed - of_builds, set())
