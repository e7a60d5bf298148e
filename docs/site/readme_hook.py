"""Makes the README of a distribution from that of the checkout, whose links work in the checkout only."""

from __future__ import annotations

import os
import re
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class ReadmeHook(MetadataHookInterface):
    """Sets the field ``readme``, with links that start from the URL ``Source`` if ``[project.urls]`` has one."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the field to the metadata."""
        with open(os.path.join(self.root, "README.md"), encoding="utf-8") as file:
            text = file.read()
        source = metadata.get("urls", {}).get("Source")
        metadata["readme"] = {"content-type": "text/markdown", "text": absolute_links(text, source) if source else text}


def absolute_links(text: str, base: str) -> str:
    """Return Markdown whose relative links start from a URL; addresses, and anchors of the page, stay."""
    return re.sub(r"\]\((?!\w+:|#)([^)\s]+)\)", rf"]({base.rstrip('/')}/\1)", text)
