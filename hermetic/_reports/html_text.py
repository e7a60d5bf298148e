"""Writes the parts of HTML that every section of the report uses.

All text that tests have produced goes through ``escaped``.
"""

from __future__ import annotations

import html
import re

from .plain_text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PLAIN = re.compile(r"[\w .:,/()-]*", re.ASCII).fullmatch  # the texts that are shown as they are
MARKS = {
    "error": "✕",
    "failure": "✕",
    "unexpected_success": "✕",
    "interrupted": "✕",
    "expected_failure": "○",
    "skip": "\N{EN DASH}",
    "success": "✓",
    "flaky": "≈",
}


def escaped(value: object) -> str:
    """A value as HTML text, safe in elements and attributes."""
    text = str(value)
    return text if _PLAIN(text) else html.escape(visible(text))


def in_words(outcome: str) -> str:
    """The name of an outcome, for people."""
    return {"success": "passed", "skip": "skipped"}.get(outcome, outcome.replace("_", " "))


def duration(seconds: float) -> str:
    """A duration for people."""
    if seconds >= 60:  # noqa: PLR2004 - a minute
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min {rest:02} s"
    return f"{seconds:.3f} s" if seconds < 10 else f"{seconds:.1f} s"  # noqa: PLR2004 - three digits are enough


def chip(outcome: str) -> str:
    """An outcome, with its mark."""
    return (
        f'<span class="outcome {outcome}"><span aria-hidden="true">{MARKS[outcome]}</span> {in_words(outcome)}</span>'
    )


def tag(text: str, look: str = "") -> str:
    """A short remark on a test."""
    return f'<span class="tag {look}">{escaped(text)}</span>' if look else f'<span class="tag">{escaped(text)}</span>'


def name(full: str, last: str) -> str:
    """A full name with its last part emphasized, or all of it if it does not end in that part."""
    head, last = (full.removesuffix(last), last) if last and full.endswith(last) else ("", full)
    owner = f'<span class="owner">{escaped(head)}</span>' if head else ""
    return f'<span class="name">{owner}<b>{escaped(last)}</b></span>'


def facts(found: Mapping[str, object]) -> str:
    """A list of facts; those without a value are left out."""
    items = "".join(f"<dt>{fact}</dt><dd>{escaped(value)}</dd>" for fact, value in found.items() if value)
    return f'<dl class="facts">{items}</dl>' if items else ""


def table(label: str, columns: str, rows: list[str]) -> Iterator[str]:
    """A table that scrolls in itself where it is too wide.

    Args:
        label: the id of its heading.
        columns, rows: HTML.
    """
    yield f'<div class="scrolls" tabindex="0" role="region" aria-labelledby="{label}"><table>'
    yield f"<thead><tr>{columns}</tr></thead><tbody>"
    yield from rows
    yield "</tbody></table></div>"
