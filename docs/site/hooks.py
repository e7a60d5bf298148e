"""Hooks of MkDocs for this site: they make its navigation from index.md, and read Markdown as code hosts do."""

from __future__ import annotations

import os
import re

from mkdocs.config.base import BaseConfigOption, Config
from mkdocs.config.config_options import DocsDir

# MkDocs refuses pages in the folder of its configuration, lest it publishes that, too: exclude_docs prevents it.
DocsDir.post_validation = BaseConfigOption.post_validation

_LIST_OR_TABLE = re.compile(r"^((?!- |\d+\. |[|\s]).+\n)(- |\d+\. |\|)", re.MULTILINE)


def on_config(config: Config) -> Config:
    """Make the navigation from the headings and the lists of index.md."""
    with open(os.path.join(config["docs_dir"], "index.md"), encoding="utf-8") as file:
        text = file.read()
    config["nav"] = [{"Home": "index.md"}]
    for section in text.split("\n## ")[1:]:
        heading, _, rest = section.partition("\n")
        config["nav"].append({heading: _entries(rest)})
    return config


def _entries(section: str) -> list[object]:
    """The pages of a section; a line that ends with a colon begins a group of them."""
    entries: list[object] = []
    group = entries
    for line in section.splitlines():
        link = re.match(r"- \[(.+?)\]\(([^)#]+)\)", line)
        if link:
            group.append({link[1]: link[2]})
        elif line.endswith(":"):
            group = []
            entries.append({line[:-1]: group})
    return entries


def on_page_markdown(markdown: str, **_: object) -> str:
    """Put blank lines around code, and before a list or a table: of all readers, only Python-Markdown needs them."""
    blocks = re.split(r"(^```.*?^```\n)", markdown, flags=re.MULTILINE | re.DOTALL)
    blocks[::2] = [_LIST_OR_TABLE.sub(r"\1\n\2", text) for text in blocks[::2]]
    return "\n".join(blocks)
