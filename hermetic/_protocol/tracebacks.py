"""Tracebacks made of plain data: their frames have the files, names and lines of a worker's frames.

So formatters print what they would print of the originals. They show lines of source, so they open the files that a
worker names. A pipe would block, and a device has no end: linecache is kept from opening such files.
"""

from __future__ import annotations

import linecache
import os
import stat
import sys
import types

from .._base import features, real

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


_MAX_BYTES = 50_000_000  # of a source file


def note_source_file(filename: str) -> None:
    """Keep linecache from opening a file that is not a regular file with content."""
    if not filename or (filename.startswith("<") and filename.endswith(">")):
        return  # linecache does not open such files
    known: Any = linecache.cache.get(filename)
    if known is not None and len(known) > 1 and known[1] is None:
        return  # its lines did not come from a file, and are kept
    folders = ("",) if os.path.isabs(filename) else ("", *sys.path)
    if not all(_is_harmless(os.path.join(folder, filename)) for folder in folders if isinstance(folder, str)):
        linecache.cache[filename] = (0, None, [], filename)


def possible_filename(filename: str) -> str:
    """The name, with characters escaped that no file name has: tracers look for the file of all code that runs."""
    name = filename.replace("\0", "\\0")
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return name.encode(errors="backslashreplace").decode()
    return name


def _is_harmless(path: str) -> bool:
    try:
        found = real.stat(path)
    except OSError:
        return True  # there is nothing to open
    except ValueError:
        return False  # not a path, which linecache does not expect
    return stat.S_ISREG(found.st_mode) and 0 < found.st_size <= _MAX_BYTES


class Shown:
    """Stands for an object in the worker, and has its repr."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def traceback_of(frames: list[list[Any]]) -> types.TracebackType | None:
    found: types.TracebackType | None = None
    files = {fields[0]: possible_filename(fields[0]) for fields in frames}
    for file in files.values():
        note_source_file(file)
    for fields in reversed(frames):
        filename, name, qualname, first_line, line, positions, module, is_unittest, shown_locals, is_hidden = fields
        code = _code(files[filename], name, qualname, first_line, positions)
        variables: dict[str, Any] = {variable: Shown(text) for variable, text in shown_locals.items()}
        if is_hidden:
            variables["__tracebackhide__"] = True
        frame = _frame(code, module, variables, is_unittest=is_unittest)
        found = types.TracebackType(found, frame, 0, line)
    return found


def traceback_at(filename: str, name: str, line: int) -> types.TracebackType | None:
    """A traceback of one frame, for an error that was not raised."""
    return traceback_of([[filename, name, name, line, line, [], "", False, {}, False]])


_TEMPLATE = compile("_keep(_get_frame())", "<frame>", "exec")


def _code(filename: str, name: str, qualname: str, first_line: int, positions: list[int | None]) -> types.CodeType:
    replaced: dict[str, Any] = {"co_filename": filename, "co_name": name, "co_firstlineno": max(first_line, 0)}
    if features.CODE_HAS_POSITIONS:
        replaced["co_qualname"] = qualname
        replaced["co_linetable"] = _line_table(max(first_line, 0), positions, len(_TEMPLATE.co_code) // 2)
    return _TEMPLATE.replace(**replaced)


def _frame(code: types.CodeType, module: str, variables: dict[str, Any], *, is_unittest: bool) -> types.FrameType:
    kept: list[types.FrameType] = []
    loaded = sys.modules.get(module)
    known = vars(loaded) if isinstance(loaded, types.ModuleType) else {}  # where the source is, if it is not in a file
    names: dict[str, Any] = {name: known[name] for name in ("__loader__", "__spec__") if name in known}
    names |= {"__name__": module, "_keep": kept.append, "_get_frame": real.get_frame}
    if is_unittest:
        names["__unittest"] = True
    exec(code, names, variables)  # noqa: S102 - the template above, under another name
    return kept[0]


# Entries of a code object's table of locations: Objects/locations.md (before 3.14, locations.md) of CPython.
_LONG_FORM, _NO_LOCATION = 14, 15
_MAX_UNITS = 8  # instructions that one entry covers, at most
_MAX_LINES, _MAX_COLUMN = 10_000, 1_000_000  # of one instruction: each of its lines is read when it is shown


def _location(positions: list[int | None]) -> list[int] | None:
    """The first and last line and column; None if one is unknown, or cannot be shown."""
    known = [position for position in positions if position is not None]
    if len(known) != 4:  # noqa: PLR2004 - those four
        return None
    line, end_line, *columns = known
    is_shown = 0 <= end_line - line <= _MAX_LINES and all(0 <= column <= _MAX_COLUMN for column in columns)
    return known if is_shown else None


def _line_table(first_line: int, positions: list[int | None], units: int) -> bytes:
    """A table of locations that has one location for all instructions."""
    location = _location(positions)
    table = bytearray()
    line_before = first_line
    while units > 0:
        covered = min(units, _MAX_UNITS)
        units -= covered
        if location is not None:
            line, end_line, column, end_column = location
            table.append(0x80 | _LONG_FORM << 3 | covered - 1)
            delta = line - line_before
            table += _varint(delta << 1 if delta >= 0 else (-delta << 1) | 1)
            table += _varint(end_line - line) + _varint(column + 1) + _varint(end_column + 1)
            line_before = line
        else:
            table.append(0x80 | _NO_LOCATION << 3 | covered - 1)
    return bytes(table)


def _varint(value: int) -> bytes:
    """Encode a number in groups of six bits, the lowest first; bit 6 says that another group follows."""
    encoded = bytearray()
    while value >= 64:  # noqa: PLR2004 - six bits
        encoded.append(0x40 | value & 0x3F)
        value >>= 6
    encoded.append(value)
    return bytes(encoded)
