"""Classifies a host as loopback, unspecified, remote, or a name, by its parsed address.

The rules were measured against glibc: numeric IPv4 follows inet_aton(3) (``127.1``, ``0x7f.1``, ``2130706433``),
an address with white space or a trailing dot is a name, and a name is loopback only if it is ``localhost`` or the hosts
file maps it to loopback addresses only. RFC 6761 names such as ``db.localhost`` do ask the name server.
"""

from __future__ import annotations

import enum
import functools
import re

from . import features, real

_IPV4 = r"(\d{1,3}\.){3}\d{1,3}"
_NETWORK_IPV4 = r"(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}"  # a leading zero means octal to some, and not to others
_V4_MAPPED = b"\0" * 10 + b"\xff\xff"
_PARTS_MAX = 4


class Locality(enum.Enum):
    """Where an address leads."""

    LOOPBACK = "loopback"
    UNSPECIFIED = "unspecified"  # connects to this machine, but binds every interface
    REMOTE = "remote"
    NAME = "name"  # must be looked up


def locality(host: str) -> Locality:
    """Classify a host as the socket module would read it.

    Args:
        host: a numeric address, a name, or the empty string for "any".
    """
    packed = plain_address(host)
    if packed is None:
        return Locality.REMOTE if host == "<broadcast>" else Locality.NAME
    if not any(packed):
        return Locality.UNSPECIFIED
    if len(packed) == _PARTS_MAX:
        return Locality.LOOPBACK if packed[0] == 127 else Locality.REMOTE  # noqa: PLR2004 - 127.0.0.0/8
    return Locality.LOOPBACK if packed == b"\0" * 15 + b"\1" else Locality.REMOTE


def is_within(host: str, network: str) -> bool:
    """Whether a host is an address of a network; no name is.

    Args:
        host: a numeric address, or a name.
        network: the network, such as ``10.0.0.0/8`` or ``fd00::/8``; what is no network contains nothing.
    """
    found, packed = parsed_network(network), plain_address(host)
    if found is None or packed is None or len(packed) != len(found[0]):
        return False
    rest = 8 * len(packed) - found[1]
    return int.from_bytes(packed, "big") >> rest == int.from_bytes(found[0], "big") >> rest


@functools.lru_cache(maxsize=64)
def parsed_network(text: str) -> tuple[bytes, int] | None:
    """Parse a network in CIDR notation into its address and the length of its prefix in bits; None for other texts.

    Bits behind the prefix may be set in the address. IPv4 is read as four decimal numbers only, and not as C reads it.
    """
    address, _, length = text.rpartition("/")
    packed = _packed_ipv6(address) if ":" in address and "%" not in address else None
    if re.fullmatch(_NETWORK_IPV4, address):
        packed = packed_address(address)
    if packed is None or not re.fullmatch("[0-9]{1,3}", length) or int(length) > 8 * len(packed):
        return None
    bits = int(length)
    mapped_bits = 8 * len(_V4_MAPPED)
    if packed.startswith(_V4_MAPPED) and bits >= mapped_bits:
        return packed.removeprefix(_V4_MAPPED), bits - mapped_bits
    return packed, bits


def is_exact_network(text: str) -> bool:
    """Whether a text is a network in CIDR notation, with no bit set behind its prefix."""
    found = parsed_network(text)
    return found is not None and int.from_bytes(found[0], "big") % (1 << 8 * len(found[0]) - found[1]) == 0


def plain_address(host: str) -> bytes | None:
    """Return the 4 or 16 bytes of a numeric address, 4 for IPv4 that is mapped into IPv6; None for a name."""
    packed = packed_address(host)
    return None if packed is None else packed.removeprefix(_V4_MAPPED)


def packed_address(host: str) -> bytes | None:
    """Return the 4 or 16 bytes of a numeric address; None for a name."""
    if host == "":
        return b"\0" * 4
    if ":" in host:
        return _packed_ipv6(host)
    return _packed_ipv4(host)


def _packed_ipv4(host: str) -> bytes | None:
    parts = host.split(".")
    if len(parts) > _PARTS_MAX:
        return None
    values = [_inet_aton_number(part) for part in parts]
    if any(value is None for value in values):
        return None
    numbers = [value for value in values if value is not None]
    last_bytes = 5 - len(numbers)
    if any(number > 255 for number in numbers[:-1]) or numbers[-1] >= 256**last_bytes:  # noqa: PLR2004 - one byte
        return None
    return bytes(numbers[:-1]) + numbers[-1].to_bytes(last_bytes, "big")


def _inet_aton_number(text: str) -> int | None:
    """Parse a part of an IPv4 address in C's notation: 0x for hexadecimal, a leading 0 for octal."""
    if not (text.isascii() and text.isalnum()):
        return None
    try:
        if text[:2] in ("0x", "0X"):
            return int(text, 16)
        if text[0] == "0":
            return int(text, 8)
        return int(text, 10)
    except ValueError:
        return None


def _packed_ipv6(host: str) -> bytes | None:
    _socket = real.socket_module()
    try:
        packed: bytes = _socket.inet_pton(_socket.AF_INET6, host.partition("%")[0])
    except (OSError, ValueError):
        return None
    return packed


def is_loopback_name(name: str, hosts_file: str = features.HOSTS_FILE) -> bool:
    """Whether a name resolves without the network: ``localhost``, or only loopback addresses in the hosts file."""
    if name.lower() == "localhost":
        return True
    addresses = _hosts(hosts_file).get(name.lower(), [])
    return bool(addresses) and all(locality(address) is Locality.LOOPBACK for address in addresses)


def _hosts(path: str) -> dict[str, list[str]]:
    """Return the names in the hosts file with their addresses; read again when the file has changed."""
    try:
        return _hosts_changed_at(path, real.stat(path).st_mtime)
    except OSError:
        return {}


@functools.lru_cache(maxsize=1)
def _hosts_changed_at(path: str, _changed: float) -> dict[str, list[str]]:
    with real.open_file(path, encoding="utf-8", errors="replace") as file:
        return parse_hosts(file.read())


def parse_hosts(text: str) -> dict[str, list[str]]:
    """Parse a hosts file (hosts(5)) into names, in lower case, with their addresses."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        if ":" not in address and not re.fullmatch(_IPV4, address):
            continue  # the resolver ignores what inet_pton(3) rejects, and asks the name server
        for name in names:
            found.setdefault(name.lower(), []).append(address)
    return found
