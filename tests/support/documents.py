"""Reads the pages and the examples of the documentation for the tests that check them."""

from __future__ import annotations

import glob
import os
import re

from support import ROOT

STDLIB = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
EXAMPLES = os.path.join(ROOT, "docs", "examples")


def read(*path: str) -> str:
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def pages() -> list[str]:
    found = glob.glob(os.path.join(ROOT, "docs", "**", "*.md"), recursive=True)
    return ["README.md", *sorted(os.path.relpath(path, ROOT) for path in found)]


def example_names() -> list[str]:
    return sorted(name[:-3] for name in os.listdir(EXAMPLES) if name.endswith(".py"))


def normalised(text: str) -> str:
    """Output without what differs between runs, machines and Pythons: times, paths, frames of the standard library."""
    lines: list[str] = []
    skipping = False
    for line in _without_native_stacks(text).splitlines():
        if re.match(r"    ", line) and (skipping or not line.strip(" ~^")):
            continue
        skipping = line.startswith(f'  File "{STDLIB}')
        if skipping:
            if lines[-1] != "  ...":
                lines.append("  ...")
            continue
        lines.append(_normalised_line(line))
    return "\n".join(lines) + "\n"


def _without_native_stacks(text: str) -> str:
    """What faulthandler writes, without that which only newer Pythons, or those with extension modules, have."""
    text = re.sub(r"(?m)\n^Current thread's C stack trace .*\n(  (?!explain: ).*\n)+", "", text)
    return re.sub(r"(?m)\n^Extension modules: .*\n", "", text)


def _normalised_line(line: str) -> str:
    line = line.replace(f'"{ROOT}{os.sep}', '"')
    line = re.sub(r'File "(?:[\\/]|\w:)[^"]*[\\/](\w+\.py)"', r'File "\1"', line)
    line = re.sub(r"(?:[\\/]|\w:)\S*[\\/](\w+\.py:\d+: HermeticWarning)", r"\1", line)
    line = re.sub(r"^(Current thread|Thread) 0x\w+( \[.*\])? ", r"\1 ", line)
    line = re.sub(r"^    \S*python[\d.]*t? -u -m ", "    python -m ", line)
    line = re.sub(r"in \d+\.\d{3}s$", "in 0.001s", line)
    # 3.10 leaves the method's name out.
    return re.sub(r"^((?:\w+: )?(\w+) \([\w.]+?)(\.\2)?\)($| \.\.\. )", r"\1.\2)\4", line)


def headings(text: str) -> list[str]:
    return re.findall(r"^#+ (.+)$", text, re.MULTILINE)


def rows(text: str) -> list[list[str]]:
    """The cells of all tables' rows."""
    lines = re.findall(r"^\| (.+) \|$", text, re.MULTILINE)
    return [[cell.replace("\\|", "|") for cell in re.split(r"(?<!\\) \| ", line)] for line in lines]
