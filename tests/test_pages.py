"""The steps on a page work: the commands of a ``console`` block print what the page shows.

A page is read from its first line to its last, in one folder. A block that begins with a comment which is the name
of a file is saved; of a ``console`` block, each line that begins with ``$`` is run, and what follows it is compared.
``PYTHONPATH=. python tests/test_pages.py`` writes anew what the commands print.
"""

from __future__ import annotations

import functools
import os
import re
import shlex
import shutil
import sys
import tempfile
import unittest

from hermetic import medium, small
from hermetic._program import options
from support import ROOT, posix_only, run_python, some_pythons_do_and_the_measured
from support.documents import EXAMPLES, example_names, normalised, pages, read

setUpModule = some_pythons_do_and_the_measured

_BLOCK = re.compile(r"^(<!-- (?:not run: [^\n]+|run by [^\n]+) -->\n)?```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# ([\w./-]+\.\w+)\n")
_OF_UNITTEST = {"-s", "-p", "-t", "-v", "-q", "-f", "-c", "-b", "-k", "--locals", "--durations", "--help"}
# The folder of docs/examples that is there when a page begins.
_BEGINS_WITH = {
    os.path.join("docs", "tutorial.md"): "tutorial",
    os.path.join("docs", "how-to", "choose-tests.md"): "tutorial",
    os.path.join("docs", "how-to", "ci.md"): "tutorial",
    os.path.join("docs", "how-to", "order-tests.md"): "tutorial",
}


@functools.cache
def consoles() -> list[str]:
    """The pages that have something to be run."""
    return [page for page in pages() if "\n```console\n" in read(page)]


def followed(page: str) -> str:
    """The text of a page, with what its commands print now."""
    with tempfile.TemporaryDirectory() as folder:
        project = os.path.join(os.path.realpath(folder), "project")
        if page in _BEGINS_WITH:
            ignored = shutil.ignore_patterns("__pycache__", ".hermetic_cache")
            shutil.copytree(os.path.join(EXAMPLES, _BEGINS_WITH[page]), project, ignore=ignored)
        else:
            os.mkdir(project)
        return _BLOCK.sub(Follower(project).follow, read(page))


class Follower:
    """Does what a page says.

    Args:
        folder: to do it in.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._status = 0

    def follow(self, block: re.Match[str]) -> str:
        """Save, or run, a block; return it as it should be."""
        remark, language, text = block[1] or "", block[2], block[3]
        name = _FILE.match(text)
        if language == "console":
            text = "".join(f"$ {line}\n{self._output(line)}" for line in re.findall(r"^\$ (.+)$", text, re.MULTILINE))
        elif name:
            path = os.path.join(self._folder, name[1])
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        return f"{remark}```{language}\n{text}```"

    def _output(self, command: str) -> str:
        if command == "echo $?":
            return f"{self._status}\n"
        words = shlex.split(command)
        variables = dict(word.split("=", 1) for word in words[: words.index("python")])
        # One stream for both, as a terminal shows it.
        join = "import os, sys; os.dup2(1, 2); os.execv(sys.executable, [sys.executable, '-u', *sys.argv[1:]])"
        arguments = words[words.index("python") + 1 :]
        # Machines are slow at times, and may have a proxy.
        variables = {"HERMETIC_TIME_LIMITS": "off", "no_proxy": "*", **variables}
        done = run_python("-c", join, *arguments, cwd=self._folder, env=variables)
        self._status = done.returncode
        text = done.stdout.replace(f"{sys.executable} -u -m", "python -m").replace(sys.executable, "/usr/bin/python3")
        text = text.replace(f'"{self._folder}{os.sep}', '"')
        return normalised(text.replace(self._folder, "/home/me/project")) if text else ""


@medium
class ConsoleTest(unittest.TestCase):
    maxDiff = None

    @posix_only("such output as the pages show")
    def test_pages_show_what_their_commands_print(self):
        for page in consoles():
            with self.subTest(page=page):
                self.assertEqual(followed(page), read(page))


def options_of_ours() -> set[str]:
    parser = options.make_parser("hermetic")
    return {name for action in parser._actions for name in action.option_strings}


def commands() -> list[tuple[str, str]]:
    """Every command line of hermetic that stands in a block, with its page."""
    found = []
    for page in pages():
        for block in _BLOCK.finditer(read(page)):
            found += [(page, line) for line in re.findall(r"python -m hermetic\b(.*)$", block[3], re.MULTILINE)]
    return found


@small
class BlocksTest(unittest.TestCase):
    def test_every_block_of_python_runs_or_says_why_not(self):
        shown = [read("docs", "examples", f"{name}.py") for name in example_names()]
        for page in pages():
            for remark, language, text in _BLOCK.findall(read(page)):
                if language == "python" and not remark and not (page in consoles() and _FILE.match(text)):
                    with self.subTest(page=page, block=text):
                        self.assertTrue(any(_FILE.sub("", text, count=1) in example for example in shown))

    def test_every_block_of_text_is_commands_or_output_or_says_why_not(self):
        printed = "".join(read("docs", "examples", f"{name}.out") for name in example_names())
        command = re.compile(r"([A-Z_]+=\S+ )?(\.venv/bin/)?(python3?|coverage|git|bazel|bash) ")
        for page in pages():
            for remark, language, text in _BLOCK.findall(read(page)):
                if not language and not remark and text not in printed:
                    with self.subTest(page=page, block=text):
                        self.assertEqual([line for line in text.splitlines() if not command.match(line)], [])

    def test_tests_that_blocks_are_run_by_exist(self):
        for page in pages():
            for path in re.findall(r"<!-- run by (.+) -->", read(page)):
                with self.subTest(page=page, path=path):
                    self.assertIn(os.path.basename(page), read(*path.split("/")))

    def test_commands_have_the_options_that_there_are(self):
        for page, line in commands():
            with self.subTest(page=page, command=line):
                given = re.findall(r"(?<= )--?[a-z][\w-]*", line.partition("--script")[0])
                self.assertLessEqual({*given}, options_of_ours() | _OF_UNITTEST)

    def test_every_example_is_shown(self):
        everything = "".join(read(page) for page in pages())
        for name in example_names():
            with self.subTest(example=name):
                self.assertIn(f"{name}.py", everything)


if __name__ == "__main__":
    for _page in consoles():
        _text = followed(_page)
        with open(os.path.join(ROOT, _page), "w", encoding="utf-8") as _file:
            _file.write(_text)
