"""Text that tests have made up, as text that can be shown: it may hold anything."""

from __future__ import annotations

import re

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_SURROGATES = re.compile("[\ud800-\udfff]")
_UNSAFE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # control characters: those of a terminal, and most are no XML
    "\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # ends of lines, and what turns the direction of writing
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"  # no characters
)


def without_colours(text: str) -> str:
    """A text without the escape sequences that unittest colours it with, from Python 3.14 on."""
    return _COLOURS.sub("", text) if "\x1b" in text else text


def without_surrogates(text: str) -> str:
    r"""A text in which each half of a character is written as Python writes it, such as ``\udc80``."""
    return _SURROGATES.sub(_escape, text)


def visible(text: str) -> str:
    r"""A text in which each character that cannot be shown is written as Python writes it, such as ``\x1b``."""
    return _UNSAFE.sub(_escape, text.replace("\r\n", "\n").replace("\r", r"\r"))


def one_line(text: str) -> str:
    """The same on one line."""
    return " ".join(visible(text).split())


def identifier(text: str) -> str:
    r"""A text on one line that differs wherever the texts do: a line break is written as Python writes it, ``\n``."""
    return visible(text).replace("\n", r"\n").replace("\t", r"\t")


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")
