"""The HTML report is one self-contained page, which works in a browser with the keyboard alone."""

from __future__ import annotations

import os
import re
import unittest
from html.parser import HTMLParser

import hermetic
import support
from hermetic import medium
from hermetic._reports import html_report
from hermetic._reports.test_records import RunRecord, TestRecord
from support import Folder, browser
from support.report_runs import sample_reports

setUpModule = support.some_pythons_do

VOID = {"meta", "input", "br"}


class Page(HTMLParser):
    """The elements of a page, and its text; elements that are not closed as they were opened are an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open, self._open

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self._open.pop() == tag, tag

    def handle_data(self, data):
        if not self._open or self._open[-1] not in ("style", "script"):
            self.text += data

    def values(self, name: str) -> list[str | None]:
        return [attributes[name] for _, attributes in self.elements if name in attributes]


@medium
class PageTest(hermetic.HermeticTestCase):
    def setUp(self):
        self.source = sample_reports().read("--html")
        self.page = Page(self.source)

    def test_it_needs_nothing_but_itself(self):
        self.assertEqual(self.page.values("src"), [])
        self.assertEqual([target for target in self.page.values("href") if not re.match(r"#[\w-]+$", target)], [])
        self.assertNotRegex(self.source, r"https?://|@import|url\(")
        policy = next(attributes["content"] for _, attributes in self.page.elements if "http-equiv" in attributes)
        self.assertRegex(policy, r"^default-src 'none'; .*script-src 'sha256-[\w+/=]+'; style-src 'sha256-[\w+/=]+'$")

    def test_hostile_text_stays_text(self):
        self.assertEqual([tag for tag, _ in self.page.elements].count("script"), 1)
        self.assertIn("]]></failure><script>alert(1)</script><!-- \\x00\\x07\\x1b[2J", self.page.text)
        self.assertNotRegex(self.source, "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ufffe]")

    def test_hostile_names_stay_text(self):
        hostile = "\"'><img src=x onerror=alert(1)>\x00"
        run = RunRecord([hostile], hostile, hostile, hostile, 0.0, ended_early=hostile)
        run.tests.append(
            TestRecord(hostile, **dict.fromkeys(("module", "class_name", "name", "file", "worker", "group"), hostile))
        )
        page = Page(html_report.text(run))
        self.assertNotIn("img", [tag for tag, _ in page.elements])
        self.assertEqual(page.values("onerror"), [])

    def test_links_lead_to_elements_and_identifiers_are_unique(self):
        identifiers = self.page.values("id")
        self.assertEqual(len(identifiers), len(set(identifiers)))
        self.assertLessEqual({target[1:] for target in self.page.values("href")}, set(identifiers))

    def test_everything_is_there_without_a_script(self):
        expected = (
            "✕ 11 failed", "1 != 2", "test_outcomes.OutcomesTest.test_passes", "@isolated('db')", "not today",
            'client.connect(("127.0.0.1", 9))', "environment variable added: LEAKED", "to stderr",
        )  # fmt: skip
        for text in expected:
            with self.subTest(text=text):
                self.assertIn(text, self.page.text)
        hidden = [attributes.get("id") for _, attributes in self.page.elements if "hidden" in attributes]
        self.assertEqual(hidden, ["toolbar", "results", "zoom"])

    def test_a_page_of_many_tests_draws_few_bars(self):
        run = RunRecord([], "", "", "", 0.0)
        run.tests += [TestRecord(f"t{n}", started=n / 1000, duration=0.0001, passed=True) for n in range(5000)]
        self.assertLessEqual(html_report.text(run).count("<rect"), 1100)

    def test_a_test_with_nothing_to_show_costs_no_element(self):
        run = RunRecord([], "", "", "", 0.0)
        names = [(f"m{n // 20}", f"test_{n}") for n in range(20_000)]
        run.tests += [TestRecord(f"{m}.C.{t}", module=m, class_name="C", name=t, passed=True) for m, t in names]
        self.assertLess(len(Page(html_report.text(run)).elements), 11_000)  # about ten for each of 1,000 classes

    def test_an_empty_run_has_a_page(self):
        page = Page(html_report.text(RunRecord([], "", "", "", 0.0)))
        for text in ("✓ Passed", "0 tests in", "No tests ran."):
            self.assertIn(text, page.text)


@medium
@unittest.skipUnless(browser.find(), "no headless browser: chromium, or google-chrome, is not installed")
class BrowserTest(hermetic.HermeticTestCase):
    @classmethod
    def setUpClass(cls):
        cls.path = os.path.join(cls.enter(Folder()), "report.html")
        with open(cls.path, "w", encoding="utf-8") as file:
            file.write(sample_reports().read("--html"))
        cls.browser = cls.enter(browser.Browser(browser.find()))

    @classmethod
    def enter(cls, context):  # enterClassContext came with 3.11
        value = context.__enter__()
        cls.addClassCleanup(context.__exit__, None, None, None)
        return value

    def setUp(self):
        self.browser.open(self.path)

    def results(self):
        return self.browser.evaluate("document.querySelectorAll('#results .test').length")

    def said(self):
        return self.browser.evaluate("document.getElementById('count').textContent")

    def tab_to(self, wanted):
        for _ in range(60):
            if self.browser.tab().startswith(wanted):
                return
        self.fail(f"the keyboard does not reach {wanted!r}")

    def type(self, text):
        for letter in text:
            self.browser.press(letter, letter)

    def focused(self):
        return self.browser.evaluate("document.activeElement.textContent")

    def test_the_filter_works_from_the_keyboard(self):
        self.tab_to("✕failure 3")
        self.browser.press("Enter", "\r", 13)
        self.assertEqual((self.results(), self.said()), (3, "3 of 20 shown"))
        self.assertEqual(self.browser.evaluate("document.activeElement.getAttribute('aria-pressed')"), "true")
        self.assertTrue(self.browser.evaluate("document.getElementById('sections').hidden"))

    def test_a_slash_searches_and_escape_shows_everything_again(self):
        self.type("/")
        self.assertEqual(self.browser.evaluate("document.activeElement.id"), "search")
        self.type("DB fails")
        self.assertEqual((self.results(), self.said()), (1, "1 of 20 shown"))
        self.browser.press("Escape")
        self.assertEqual(self.results(), 0)
        self.assertFalse(self.browser.evaluate("document.getElementById('sections').hidden"))

    def test_the_search_finds_tests_that_have_no_row(self):
        self.type("/test_is_medium")
        self.assertEqual((self.results(), self.said()), (1, "1 of 20 shown"))
        self.type("/nothing")
        self.assertIn("No test matches.", self.browser.evaluate("document.getElementById('results').textContent"))

    def test_j_and_k_go_from_row_to_row_and_enter_opens_one(self):
        self.type("jj")
        second = self.focused()
        self.type("k")
        self.assertIn("setUpClass", self.focused())
        self.browser.press("ArrowDown")
        self.assertEqual(self.focused(), second)
        self.browser.press("Enter", "\r", 13)
        self.assertTrue(self.browser.evaluate("document.activeElement.parentElement.open"))

    def test_the_focus_is_seen_on_a_row(self):
        self.tab_to("✕ errorsetUpClass")
        width = "getComputedStyle(document.activeElement).outlineWidth"
        self.assertEqual(self.browser.evaluate(width), "3px")

    def test_the_timeline_is_one_screen_high_and_zooms_from_the_keyboard(self):
        self.browser.evaluate("document.getElementById('timeline').scrollIntoView()")
        self.browser.wait_for("document.querySelector('canvas') !== null")
        height = "document.getElementById('timeline').clientHeight < innerHeight"
        self.assertTrue(self.browser.evaluate(height))
        picture = "document.querySelector('canvas').toDataURL()"
        before = self.browser.evaluate(picture)
        self.browser.evaluate("document.querySelector('canvas').focus()")
        self.type("+")
        self.assertNotEqual(self.browser.evaluate(picture), before)
        self.browser.press("Home")
        self.assertEqual(self.browser.evaluate(picture), before)
        self.type("...")
        said = self.browser.evaluate("document.querySelector('#zoom p').textContent")
        self.assertRegex(said, r"^[\w.() ]+: [a-z ]+, \d+\.\d{3} s, (main|worker \d)$")
        self.browser.press("Enter", "\r", 13)
        self.assertIn(said.partition(":")[0], self.focused())

    def test_a_link_to_a_test_opens_it_even_if_it_is_filtered_out(self):
        self.browser.evaluate("document.querySelector('button[data-outcome=skip]').click()")
        self.assertEqual(self.results(), 1)
        is_open = self.browser.evaluate(
            "new Promise(done => {"
            " addEventListener('hashchange', () => done(document.activeElement.parentElement.open));"
            " document.querySelector('td a').click(); })"
        )
        self.assertTrue(is_open)
        self.assertEqual(self.results(), 0)

    def test_it_has_light_and_dark_colours_that_can_be_read(self):
        grounds = []
        for scheme in ("light", "dark"):
            self.browser.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            ground = self.luminance("getComputedStyle(document.body).backgroundColor")
            grounds.append(round(ground))
            names = ("verdict", "outcome.error", "outcome.failure", "outcome.expected_failure", "outcome.success")
            for name in (*names, "soft", "owner", "message", "tag", "meta", "time", "place", "id code"):
                ink = self.luminance(f"getComputedStyle(document.querySelector('.{name}')).color")
                contrast = (max(ink, ground) + 0.05) / (min(ink, ground) + 0.05)
                self.assertGreaterEqual(contrast, 4.5, (scheme, name))  # WCAG 2, level AA
        self.assertEqual(grounds, [1, 0])

    def luminance(self, expression):
        """The relative luminance of a colour, as WCAG 2 defines it."""
        parts = [int(part) / 255 for part in re.findall(r"\d+", self.browser.evaluate(expression))[:3]]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def test_no_script_but_its_own_runs(self):
        self.browser.evaluate(
            "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = 1'}))"
        )
        self.assertIsNone(self.browser.evaluate("window.ran"))

    def test_it_fits_a_narrow_window_with_everything_open(self):
        for width in (390, 320):
            self.browser.ask(
                "Emulation.setDeviceMetricsOverride", width=width, height=640, deviceScaleFactor=1, mobile=False
            )
            self.addCleanup(self.browser.ask, "Emulation.clearDeviceMetricsOverride")
            self.browser.evaluate("document.querySelectorAll('details').forEach(row => { row.open = true; })")
            self.assertLessEqual(self.browser.evaluate("document.documentElement.scrollWidth"), width)
