"""Makes the text of ``--explain``, ``hermetic/_program/explanations.txt``, from the pages of the reference."""

from __future__ import annotations

import os
import re

from hermetic._settings.table import plain_text_of

from . import ROOT
from .documents import read

TEXT = os.path.join("hermetic", "_program", "explanations.txt")
_PAGES = {  # page to the headings of its sections
    "messages.md": r"H\d{3}",
    "sizes.md": r"small|forbid|medium|large, xlarge|Size distribution",
    "variations.md": r"[a-z-]+",
    "configuration.md": r"History|baseline|allow|Where to write settings",
}


def explanations() -> str:
    found = []
    for page, chosen in _PAGES.items():
        level = "##" if page == "messages.md" else "##+"  # what is below a code belongs to it
        parts = re.split(rf"^{level} (.+)$", read("docs", "reference", page), flags=re.MULTILINE)[1:]
        for heading, text in zip(parts[::2], parts[1::2], strict=True):
            if re.fullmatch(chosen, heading):
                found.append(f"## {heading}\n{_plain(text.strip())}\n")
    return "\n".join(found)


def _plain(markdown: str) -> str:
    """Markdown as a terminal shows it: blocks of code indented, the cells of tables below one another."""
    lines: list[str] = []
    columns: list[str] = []
    in_block = False
    for line in markdown.splitlines():
        if line.startswith("```"):
            in_block = not in_block
        elif in_block:
            lines.append(f"    {line}".rstrip())
        elif line.startswith("| ") or re.fullmatch(r"[|-]+", line):
            lines += _row(line, columns)
        elif not line.startswith("<!--"):
            columns = []
            lines.append(plain_text_of(line.lstrip("#").strip() if line.startswith("#") else line))
    return "\n".join(lines)


def _row(line: str, columns: list[str]) -> list[str]:
    """The lines of a row of a table; the first row has the names of the columns."""
    cells = [plain_text_of(cell.replace("\\|", "|")) for cell in re.split(r"(?<!\\) \| ", line.strip("| "))]
    if not columns:
        columns[:] = cells
        return []
    if re.fullmatch(r"[|-]+", line):
        return []
    named = zip(columns[1:], cells[1:], strict=True)
    return [f"- {cells[0]}", *(f"    {column}: {cell}" for column, cell in named if cell)]


def write() -> None:
    with open(os.path.join(ROOT, TEXT), "w", encoding="utf-8") as file:
        file.write(explanations())
