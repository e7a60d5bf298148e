"""Makes any text that tests have produced safe to show."""

from __future__ import annotations

import os
import re

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_SURROGATES = re.compile("[\ud800-\udfff]")
_UNSAFE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # control characters: terminals obey them, and XML forbids most
    "\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # line separators, and changes of the writing direction
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"  # surrogates and noncharacters
)


def without_colours(text: str) -> str:
    """A text without the colours that unittest adds from Python 3.14 on."""
    return _COLOURS.sub("", text) if "\x1b" in text else text


def without_surrogates(text: str) -> str:
    r"""A text with each lone surrogate replaced by its escape sequence, such as ``\udc80``."""
    return text if text.isascii() else _SURROGATES.sub(_escape, text)


def visible(text: str) -> str:
    r"""A text with each character that is unsafe to show replaced by its escape sequence, such as ``\x1b``."""
    if text.isascii() and text.isprintable():
        return text  # the usual case, in a tenth of the time
    return _UNSAFE.sub(_escape, text.replace("\r\n", "\n").replace("\r", r"\r"))


def one_line(text: str) -> str:
    """A text on one line, with each unsafe character replaced by its escape sequence."""
    return " ".join(visible(text).split())


def identifier(text: str) -> str:
    r"""A text on one line, with line breaks escaped as ``\n``: different texts remain different."""
    return visible(text).replace("\n", r"\n").replace("\t", r"\t")


def path_below(root: str, path: str) -> str:
    """A path with slashes, relative to a folder that it is below; an empty root is the current folder."""
    try:
        full = os.path.abspath(path) if path else ""
        start = os.path.abspath(root or os.getcwd()) + os.sep
    except FileNotFoundError:  # a test has removed the current folder
        full, start = path, ""
    return full.removeprefix(start).replace(os.sep, "/")


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")
