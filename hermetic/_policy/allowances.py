"""Checks what ``allow`` gets in marks, blocks and files: an entry that can never match is an error."""

from __future__ import annotations

import contextlib
import os.path
import re

from .._base.addresses import is_exact_network, packed_address, parsed_network
from .._base.errors import ConfigurationError
from .decision import Allowance, split_host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_SOCKET_PATH = ("/", "unix:", "\0", "@")  # what the entry of a unix socket may begin with
_NO_HOSTS = {
    r"[0-9a-fA-F.:]+-[0-9a-fA-F.:]+": "this is a range of addresses; write each, or a network such as '10.0.0.0/8'",
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
    if re.fullmatch(_LIKE_A_NETWORK, entry):
        return _network(entry)
    is_number = re.fullmatch(r"[0-9.]+", split_host(entry)[0]) is not None
    return "this is no IPv4 address, and no name" if is_number and packed_address(split_host(entry)[0]) is None else ""


# With a dot or a colon before the slash, or with numbers alone: the path of a unix socket seldom looks like that.
_LIKE_A_NETWORK = r"\[?([^/*]*[.:\]][^/*]*|[0-9][0-9.*]*)/[0-9.]*\]?(:[0-9]*|:\*)?"


def _network(entry: str) -> str:
    """Say what is wrong with an entry that looks like a network; empty if nothing is."""
    with contextlib.suppress(ConfigurationError):
        if is_exact_network(split_host(entry)[0]):
            return ""
    address, _, rest = entry.partition("/")
    bits, _, port = rest.replace("]", "").partition(":")
    address, port = _without_port(address.replace("[", ""), port)
    if port.isdigit():
        split_host(f"host:{port}")  # refuses what is no port
    network = _nearest_network(address, bits)
    if network is None:
        return "this is no network; write one such as '10.0.0.0/8' or 'fd00::/8' (a unix socket begins with 'unix:')"
    written = _with_port(network, port)
    if parsed_network(f"{address}/{bits}") is None or is_exact_network(f"{address}/{bits}"):
        return f"networks are written in another way; write {written!r}"
    return (
        f"{address} is one address in this network; write {written!r} for the network, or {_with_port(address, port)!r}"
    )


def _with_port(host: str, port: str) -> str:
    return host if port in ("", "*") else f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _without_port(address: str, port: str) -> tuple[str, str]:
    """Take the port off an address that has it before the prefix: ``10.0.0.0:80``, ``fd00::]:80``."""
    for separator, is_meant in (("]:", True), ("]", True), (":", address.count(":") == 1)):
        if is_meant and separator in address:
            address, _, inner = address.partition(separator)
            return address, port or inner
    return address, port


def _nearest_network(address: str, bits: str) -> str | None:
    """Write a network as it is accepted: four numbers, a prefix in bits, and no bit behind it; None if unclear."""
    if ":" not in address:
        numbers = [number.lstrip("0") or "0" for number in address.split(".")]
        address = ".".join([*numbers, "0", "0", "0"][: max(4, len(numbers))])
    import ipaddress  # needed for what is no network

    try:
        return str(ipaddress.ip_network(f"{address.partition('%')[0]}/{bits}", strict=False))
    except ValueError:
        return None


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
