"""The style sheet and the script of the HTML report; neither contains text that tests have produced.

They are read when this file is imported, before a test can get in the way of reading files.
The page shows everything without the script, which adds the search, the filters, the keys and the zoom.
"""

from __future__ import annotations

import pkgutil


def _text(name: str) -> str:
    content = pkgutil.get_data(__package__, name)
    assert content is not None  # the loader of every installation can read its files
    return content.decode()


STYLE = _text("report.css")
SCRIPT = _text("report.js")
