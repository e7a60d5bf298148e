"""Reads and rewrites ``hermetic-baseline.txt``, the file that lists the known violations of a project."""

from __future__ import annotations

import itertools
import os
import re

from .._base import real
from .._base.errors import ConfigurationError
from .values import BASELINE_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


def path_in(root: str) -> str:
    """Return the path of the baseline file of a project, whether the file exists or not."""
    return os.path.join(root, BASELINE_FILE)


def read_baseline(path: str) -> frozenset[str]:
    """Read the entries of a baseline file; none if there is no such file.

    Raises:
        ConfigurationError: the file cannot be read, or a line is no entry; the text names the line.
    """
    lines = read_text(path).splitlines()
    for number, line in enumerate(lines, 1):
        if is_entry(line):
            _check(line.strip(), f"{path}, line {number}")
    return frozenset(line.strip() for line in lines if is_entry(line))


def read_text(path: str) -> str:
    """Read the text of a baseline file, with its line ends; empty if there is no such file.

    Raises:
        ConfigurationError: the file cannot be read, or is not UTF-8.
    """
    if not os.path.lexists(path):
        return ""
    if not os.path.isfile(path):  # opening a pipe would wait for its writer
        raise ConfigurationError(f"{path} cannot be read: it is not a file; rename or remove it")
    try:
        with real.open_file(path, "rb") as file:
            data = file.read()
        return data.decode()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"{path}, line {line}: this is not UTF-8 ({error.reason})") from error


def is_entry(line: str) -> bool:
    """Whether a line is neither blank nor a comment."""
    return bool(line.strip()) and not line.lstrip().startswith("#")


def rewritten(text: str, entries: Iterable[str]) -> str:
    """Return the text of a baseline file with other entries.

    Comments and blank lines stay. The entries between two of them are sorted. A new entry is added to the first such
    block with a greater entry, or else to the last block.
    """
    end = "\r\n" if "\r\n" in text else "\n"
    blocks = [[line.rstrip() for line in lines] for _, lines in itertools.groupby(text.splitlines(), is_entry)]
    listing = [block for block in blocks if is_entry(block[0])]
    if not listing:
        listing = [[]]
        blocks += listing
    left = set(entries)
    new = left - {line.strip() for block in listing for line in block}
    for block in listing:
        old = {line.strip() for line in block}
        last = max(old, default="")
        added = {entry for entry in new if block is listing[-1] or entry < last}
        block[:] = sorted((old & left) | added)
        left.difference_update(block)
        new -= added
    return "".join(f"{line}{end}" for block in blocks for line in block)


def from_setting(value: Any, origin: str) -> frozenset[str]:
    """Read the setting ``baseline`` of a configuration file, where known violations stood before they had a file.

    Args:
        value: a list, or in setup.cfg a text with one entry a line.
        origin: the path of the configuration file.

    Raises:
        ConfigurationError: the value is not a list of entries.
    """
    entries = [line.strip() for line in value.splitlines() if line.strip()] if isinstance(value, str) else value
    if not isinstance(entries, list):
        raise ConfigurationError(f"{origin}: baseline = {entries!r} is not a list of violations; see --write-baseline")
    for entry in entries:
        _check(entry, f"{origin}: baseline")
    return frozenset(entries)


def lines_of_setting(path: str, entries: Iterable[str]) -> str:
    """Say which lines of a configuration file list known violations, for people who delete them."""
    with real.open_file(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    listed = [number for number, line in enumerate(lines) if any(entry in line for entry in entries)]
    starts = [number for number, line in enumerate(lines) if re.match(r"\s*baseline\s*[=:]", line)]
    first = max((number for number in starts if listed and number <= listed[0]), default=None)
    if first is None:
        return "the setting baseline"
    last = listed[-1]
    last += lines[last + 1 : last + 2] == ["]"]
    return f"line {first + 1}" if first == last else f"lines {first + 1} to {last + 1}"


def _check(entry: Any, place: str) -> None:
    if not isinstance(entry, str) or not re.match(r"H00[1-6] \S", entry):
        raise ConfigurationError(
            f"{place}: {entry!r} is not a violation; write the code, the test and what it uses, such as"
            " 'H003 tests.test_release.ReleaseTest.test_tag git', or run with --write-baseline"
        )
