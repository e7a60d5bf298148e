"""The documentation builds as a site without a warning, refers to no other host, and fits a desktop and a phone."""

from __future__ import annotations

import glob
import importlib.util
import inspect
import os
import re
import tempfile
import unittest
from html.parser import HTMLParser

import hermetic
from hermetic import medium
from support import ROOT, browser, run_python
from support.documents import pages, read
from support.served_folder import ServedFolder

TOOLS = ("mkdocs", "material", "mkdocstrings_handlers")
MISSING = [name for name in TOOLS if importlib.util.find_spec(name) is None]
LOADING = {("link", "href"), *((tag, "src") for tag in ("script", "img", "iframe", "source", "video", "embed"))}
FITS = "document.documentElement.scrollWidth <= innerWidth"
BACKGROUND = "getComputedStyle(document.body).backgroundColor"
WITH_SCRIPTS = ("tutorial.html", os.path.join("reference", "api.html"))  # scripts take most of the time to load a page
FOREIGN = "performance.getEntriesByType('resource').map(e => e.name).filter(n => !n.startsWith(location.origin))"
TYPED = "(async text => { const field = document.querySelector('.md-search__input'); field.focus(); field.value = text;"
SEARCH = f"""{TYPED} field.dispatchEvent(new Event('keyup'));
for (let tries = 0; tries < 500; tries++) {{
  const found = [...document.querySelectorAll('.md-search-result__link')].map(link => link.textContent);
  if (found.length) return found.join(' ');
  await new Promise(done => setTimeout(done, 20));
}} return ''; }})('crashes')"""


class Loaded(HTMLParser):
    """What a page loads, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.addresses += [value for name, value in attributes if (tag, name) in LOADING and value]

    def handle_data(self, data):
        self.text += data


@medium
@unittest.skipIf(MISSING, f"not installed: {', '.join(MISSING)} (python -m pip install --group docs)")
class SiteTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="hermetic-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.site = os.path.realpath(folder.name)
        arguments = ["-m", "mkdocs", "build", "--strict", "-f", "docs/mkdocs.yml", "-d", cls.site]
        cls.built = run_python(*arguments, cwd=ROOT, env={"NO_MKDOCS_2_WARNING": "1"})

    def setUp(self):  # what links to nothing, or is linked by nothing, ends the build
        self.assertEqual(self.built.returncode, 0, self.built.stdout + self.built.stderr)

    def files(self, kind):
        return sorted(glob.glob(os.path.join(self.site, "**", f"*.{kind}"), recursive=True))

    def test_every_page_is_built_and_nothing_else_is_published(self):
        shown = {os.path.relpath(path, self.site).replace(os.sep, "/") for path in self.files("html")}
        written = {page.replace(os.sep, "/")[len("docs/") : -len(".md")] + ".html" for page in pages()[1:]}
        self.assertEqual(shown, written | {"404.html"})
        self.assertEqual(self.files("py") + self.files("yml") + self.files("out"), [])

    def test_pages_and_styles_load_nothing_from_other_hosts(self):
        for path in self.files("html"):
            for address in Loaded(read(path)).addresses:
                with self.subTest(page=path):
                    self.assertNotRegex(address, r"^(\w+:)?//")
        for path in self.files("css"):
            with self.subTest(style=path):
                self.assertNotRegex(read(path), r"url\([\"']?(\w+:)?//|@import")

    def test_the_page_of_the_api_shows_the_docstring_of_every_public_name(self):
        words = " ".join(Loaded(read(self.site, "reference", "api.html")).text.split())
        for name in hermetic.__all__:
            if name != "__version__":
                with self.subTest(name=name):
                    first = (inspect.getdoc(getattr(hermetic, name)) or "").split("\n\n")[0]
                    self.assertIn(" ".join(re.sub("``|\\*(?=args)", "", first).split()), words)

    def test_lists_and_tables_are_such_and_not_text(self):
        for path in self.files("html"):
            with self.subTest(page=path):
                text = re.sub(r"(?s)<pre>.*?</pre>", "", read(path))
                self.assertEqual(re.findall(r"(?m)^(?:- |\| |\d+\. |```).*", text), [])

    @unittest.skipUnless(browser.find(), "no headless browser: chromium, or google-chrome, is not installed")
    def test_pages_fit_a_desktop_and_a_phone_in_light_and_dark(self):
        with ServedFolder(self.site) as address, browser.Browser(browser.find()) as self.browser:
            for path in self.files("html"):
                page = os.path.relpath(path, self.site)
                with self.subTest(page=page):
                    self.look(f"{address}/{page}", scripts=page in WITH_SCRIPTS)
            self.assertIn("Isolate a test", self.browser.evaluate(SEARCH))

    def look(self, address, *, scripts):
        self.browser.ask("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.browser.resize(1280, 900, "dark")
        self.browser.open(address)
        dark = self.browser.evaluate(BACKGROUND)
        self.assertTrue(self.browser.evaluate(FITS), "too wide for a desktop")
        self.browser.resize(390, 844, "light")
        self.assertTrue(self.browser.evaluate(FITS), "too wide for a phone")
        self.assertEqual(self.browser.evaluate(FOREIGN), [])
        if scripts:
            self.browser.wait_for(f"{BACKGROUND} != {dark!r}")  # a script of the page changes it, after a while
