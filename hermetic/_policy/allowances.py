"""Checks what ``allow`` gets in marks, blocks and files: an entry that can never match is an error."""

from __future__ import annotations

import os.path
import re

from .._base.addresses import packed_address
from .._base.errors import ConfigurationError
from .decision import Allowance, split_host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_SOCKET_PATH = ("/", "unix:", "\0", "@")  # what the entry of a unix socket may begin with
_EACH = "write each address, or the names of the hosts"
_NO_HOSTS = {
    r"[\[\]0-9a-fA-F.:]*[.:][\[\]0-9a-fA-F.:]*/[0-9.]+": f"networks are not supported; {_EACH}",
    r"[0-9.]+-[0-9.]+": f"ranges of addresses are not supported; {_EACH}",
    r".*[\s,;].*": "write one string for each host",
    r".*/|.*@.*": "this is more than a host; write the name, the address, or one of these with a port",
    r"unix:": "there is no path; write the path of the socket",
}


def allowance(given: dict[str, Iterable[str]]) -> Allowance:
    """Check entries, and make an allowance of them.

    Args:
        given: the fields by their names, each a collection of strings.

    Raises:
        ConfigurationError: an entry can match nothing; the text names the entry and what to write.
    """
    for name, entries in given.items():
        for entry in entries:
            trouble = _generally(entry) or _CHECKS[name](entry)
            if trouble:
                raise ConfigurationError(f"{name}: {entry!r}: {trouble}")
    for host in given.get("hosts", ()):
        split_host(host)
    return Allowance(**{name: tuple(entries) for name, entries in given.items()})


def path_pattern(pattern: str, root: str) -> str:
    """Say what is wrong with a pattern for the paths of test modules; empty if nothing is."""
    if not pattern.strip():
        return "the pattern is empty; write one such as tests/db/*"
    if os.path.isabs(pattern) or pattern.startswith(("/", "./", "~")):
        return "the pattern starts in the folder of this file; write one such as tests/db/*"
    if os.path.isdir(os.path.join(root, pattern)):
        return f"this is a folder; write {pattern.rstrip('/')}/*"
    return ""


def _generally(entry: str) -> str:
    """Say what is wrong with an entry of any kind; empty if nothing is."""
    if not entry.strip():
        return "an empty string matches nothing; remove it"
    if entry != entry.strip():
        return f"it has a space at an end; write {entry.strip()!r}"
    inner = entry.strip("[]")
    is_quoted = inner.startswith(("'", '"')) or inner.endswith(("'", '"'))
    return "it has quotation marks in it; write " + inner.strip("'\"") if is_quoted else ""


def _host(entry: str) -> str:
    if "://" in entry:
        server = re.split(r"[/?#]", entry.partition("://")[2])[0].rpartition("@")[2]
        return f"this is a URL; write {server!r}"
    if entry.startswith(_SOCKET_PATH) and entry != "unix:":
        path, _, port = entry.rpartition(":")
        return f"a unix socket has no port; write {path!r}" if port.isdigit() else ""
    for pattern, trouble in _NO_HOSTS.items():
        if re.fullmatch(pattern, entry):
            return trouble
    is_number = re.fullmatch(r"[0-9.]+", split_host(entry)[0]) is not None
    return "this is no IPv4 address, and no name" if is_number and packed_address(split_host(entry)[0]) is None else ""


def _process(entry: str) -> str:
    program = os.path.basename(entry)
    if "://" in entry:
        return "this is a URL; write the name of a program, such as 'git'"
    if not program or os.path.isdir(entry):
        return f"this is a folder; write {os.path.join(entry, '*')!r} for the programs in it"
    if entry.startswith("~"):
        return f"~ stands for no folder here; write {os.path.expanduser(entry)!r}"
    if len(program.split()) > 1 and not os.path.isfile(entry):
        return (
            "write the program alone, such as"
            f" {entry.removesuffix(program) + program.split()[0]!r}: arguments are not compared"
            " (if the program's own name has a space in it, write ? for that)"
        )
    return ""


def _file(entry: str) -> str:
    if entry.startswith("~"):
        return f"~ stands for no folder here; write {os.path.expanduser(entry)!r}"
    if entry.startswith("../"):
        return "a path that leaves the current folder is compared from the root; write the full path"
    if entry.startswith("./") and entry != "./":
        return f"paths start in the current folder; write {entry.removeprefix('./')!r}"
    if entry.endswith("/") and entry != "/":
        folder = entry.rstrip("/") or "/"
        return f"write {folder!r} for the folder, and {folder + '/*'!r} for what is in it"
    return "this is a URL; write the path of a file" if "://" in entry else ""


def _database(entry: str) -> str:
    if entry.startswith("file:"):
        return ""  # a URI of SQLite's, which is compared as it is
    if "://" in entry:
        return "this is a URL; write the path of the file, or, for a server, hosts=['name:port']"
    return _file(entry)


_CHECKS: dict[str, Callable[[str], str]] = {
    "hosts": _host,
    "processes": _process,
    "files": _file,
    "databases": _database,
}
