"""The documentation is true: examples print their output, links lead somewhere, lists are complete.

``PYTHONPATH=. python tests/test_docs.py`` writes the ``.out`` files anew.
"""

from __future__ import annotations

import glob
import os
import re
import shutil
import tempfile
import textwrap
import unittest

import battery_results
import hermetic
from hermetic import medium, small
from hermetic._policy import messages
from hermetic._program import options
from hermetic._settings import table
from support import ROOT, package_folder, posix_only, reference_text, run_python
from support.documents import EXAMPLES, example_names, headings, normalised, pages, read

README_COMMAND = ["-m", "hermetic", "discover", "-s", "docs/examples"]
README_EXAMPLE = "test_release"
COMMANDS = {"polluter": ["-m", "hermetic", "polluter", "--bisect", "polluter.PriceTest.test_price"]}


def output_of(name: str) -> str:
    """What an example prints: the README's by its command, from the root; another on its own, mostly as a script."""
    if name == README_EXAMPLE:
        return normalised(_printed(README_COMMAND, ROOT))
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(os.path.join(EXAMPLES, f"{name}.py"), folder)
        return normalised(_printed(COMMANDS.get(name, [f"{name}.py"]), folder))


def _printed(arguments: list[str], folder: str) -> str:
    # One stream for both, as a terminal shows it.
    join = "import os, sys; os.dup2(1, 2); os.execv(sys.executable, [sys.executable, '-u', *sys.argv[1:]])"
    return run_python("-c", join, *arguments, cwd=folder).stdout


def anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def codes_in_the_source() -> set[str]:
    files = glob.glob(os.path.join(package_folder(), "hermetic", "**", "*.py"), recursive=True)
    return {code for path in files for code in re.findall(r"\[(H\d{3})\]", read(path))}


@medium
class ExamplesTest(unittest.TestCase):
    @posix_only("such output as the pages show")
    def test_examples_print_what_their_out_files_say(self):
        for name in example_names():
            with self.subTest(example=name):
                self.assertEqual(output_of(name), read("docs", "examples", f"{name}.out"))


@posix_only("such output as the pages show")
@medium
class LegacySuiteTest(unittest.TestCase):
    """The page on legacy suites: its commands are run one after another, in a copy of the example."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = os.path.realpath(folder.name)
        self.original = read("docs", "examples", "legacy", "test_orders.py")
        self.write("test_orders.py", self.original)

    def write(self, name: str, text: str) -> None:
        with open(os.path.join(self.folder, name), "w", encoding="utf-8", newline="") as file:
            file.write(text)

    def run_command(self, text: str) -> str:
        done = run_python("-m", *text.split()[2:], cwd=self.folder)
        return self.stable(done.stdout + done.stderr)

    def stable(self, text: str) -> str:
        """Text without the seconds, the ports and the folder."""
        text = re.sub(r"\d+\.\d\d s", "0.00 s", text.replace(self.folder + os.sep, ""))
        return re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:1", text)

    def test_its_commands_print_what_it_says(self):
        page = read("docs", "how-to", "adopt-in-a-legacy-suite.md")
        printed = marked = ""
        for kind, text in re.findall(r"^```(\w+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
            with self.subTest(text):
                if kind == "baseline":
                    self.assertEqual(read(self.folder, "hermetic-baseline.txt"), text)
                elif kind == "ini":
                    marked = read(self.folder, "test_orders.py")
                    self.write("setup.cfg", text)
                    self.write("test_orders.py", self.original)
                elif kind == "sh":
                    printed = self.run_command(text)
                else:
                    if "no longer occur" in text:  # once the tests are marked
                        self.write("test_orders.py", marked)
                        printed = self.run_command("python -m hermetic discover")
                    self.assertIn(self.stable(text), printed)


@small
class ReadmeTest(unittest.TestCase):
    def test_readme_shows_the_example_and_its_output(self):
        text = read("README.md")
        self.assertIn(read("docs", "examples", f"{README_EXAMPLE}.py"), text)
        self.assertIn(read("docs", "examples", f"{README_EXAMPLE}.out"), text)
        self.assertIn(f"python {' '.join(README_COMMAND)}\n", text)

    def test_readme_shows_parts_of_the_example_of_isolation_and_its_output(self):
        section = read("README.md").partition("\n## Isolation\n")[2].partition("\n## ")[0]
        code, output = re.findall(r"^```(?:python)?\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
        self.assertIn(code, read("docs", "examples", "isolated_crash.py"))
        self.assertIn(output, read("docs", "examples", "isolated_crash.out"))

    def test_readme_shows_a_part_of_the_example_of_the_double(self):
        section = read("README.md").partition("\n## Scripted commands\n")[2].partition("\n## ")[0]
        code = re.findall(r"^```python\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
        self.assertIn(code[0], read("docs", "examples", "mock_subprocess.py"))

    def test_first_screen_names_the_distribution_and_has_two_commands_without_placeholders(self):
        screen = "\n".join(read("README.md").splitlines()[:20])
        install, test = re.findall(r"^```\n(.+)\n```$", screen, re.MULTILINE)
        self.assertEqual(install.split(" && ")[0], "python3 -m venv .venv")
        self.assertTrue(install.endswith(f".venv/bin/python {' '.join(README_COMMAND)}"))
        self.assertEqual(test, ".venv/bin/python -m hermetic discover -s tests")
        self.assertIn("named `hermetic-unittest`", screen)

    def test_readme_stays_short(self):
        self.assertLessEqual(len(read("README.md").splitlines()), 120)


@small
class PagesTest(unittest.TestCase):
    def test_relative_links_and_anchors_resolve(self):
        for page in pages():
            for target in re.findall(r"\]\(([^)\s]+)\)", read(page)):
                if not re.match(r"\w+:", target):
                    with self.subTest(page=page, target=target):
                        self.check_link(page, target)

    def check_link(self, page: str, target: str) -> None:
        path, _, fragment = target.partition("#")
        file = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
        self.assertTrue(os.path.exists(os.path.join(ROOT, file)), "there is no such file")
        if fragment:
            self.assertIn(fragment, [anchor(heading) for heading in headings(read(file))])

    def test_every_page_is_reached_from_the_index(self):
        index = read("docs", "index.md")
        for page in pages():
            if page not in ("README.md", os.path.join("docs", "index.md")):
                with self.subTest(page=page):
                    self.assertIn(f"]({os.path.relpath(page, 'docs').replace(os.sep, '/')})", index)

    def test_output_that_follows_an_example_is_its_own(self):
        example = r"^```python\n# docs/examples/(\w+)\.py\n(?:(?!```).*\n)*```\n"
        pattern = example + r"(?:(?!```|#).+\n){0,3}```\n((?:(?!```).*\n)*)"
        for page in pages():
            for name, output in re.findall(pattern, read(page), re.MULTILINE):
                with self.subTest(page=page, example=name):
                    self.assertEqual(output, read("docs", "examples", f"{name}.out"))

    def test_python_blocks_are_examples_or_compile(self):
        for page in pages():
            for block in re.findall(r"^```python\n(.*?)^```$", read(page), re.MULTILINE | re.DOTALL):
                with self.subTest(page=page, block=block):
                    self.check_block(block)

    def check_block(self, block: str) -> None:
        name = re.match(r"# docs/examples/(\w+\.py)\n", block)
        if name:
            self.assertEqual(block[name.end() :], read("docs", "examples", name[1]))
        else:
            compile(textwrap.dedent(block), "<block>", "exec")


@small
class ReferenceTest(unittest.TestCase):
    def test_every_message_code_has_its_section_and_the_other_way_round(self):
        sections = [heading for heading in headings(read("docs", "reference", "messages.md")) if heading[0] == "H"]
        self.assertEqual(sorted(sections), sorted({*messages._TITLES, *codes_in_the_source()}))

    def test_explanations_are_those_of_the_pages(self):
        shipped = read(package_folder(), reference_text.TEXT)
        self.assertEqual(shipped, reference_text.explanations(), "run tests/test_reference.py")

    def test_every_long_option_of_ours_is_described(self):
        text = read("docs", "reference", "command-line.md")
        for action in options.make_parser("hermetic")._actions:
            for name in action.option_strings:
                with self.subTest(option=name):
                    self.assertIn(f"`{name}", text)

    def test_every_setting_and_its_values_are_described(self):
        text = read("docs", "reference", "configuration.md")
        for name, setting in table.SETTINGS.items():
            for word in (name, setting.variable, setting.options[-1], *setting.kind.words):
                with self.subTest(setting=name, word=word):
                    self.assertIn(f"`{word}`", text)

    def test_what_gets_past_the_layers_is_what_was_measured(self):
        self.assertIn(battery_results.table(battery_results.load()), read("docs", "explanation", "how-guards-work.md"))

    def test_every_public_name_is_described(self):
        text = read("docs", "reference", "api.md")
        for name in hermetic.__all__:
            with self.subTest(name=name):
                self.assertRegex(text, rf"(?m)^#+ .*`(hermetic\.)?{name}\b")


if __name__ == "__main__":
    for _name in example_names():
        with open(os.path.join(EXAMPLES, f"{_name}.out"), "w", encoding="utf-8") as _file:
            _file.write(output_of(_name))
