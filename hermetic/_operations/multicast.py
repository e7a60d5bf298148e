"""Reads ``setsockopt`` calls that join a multicast group: the socket then receives from the network."""

from __future__ import annotations

import sys

from .._base import features, real
from .._base.addresses import Locality, locality
from . import events

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .._base.records import Operation

_IPV4, _IPV6 = 0, 41  # the levels of socket options on every platform
_SIZES = {_IPV4: 4, _IPV6: 16}  # the sizes of addresses
_INDEX_SIZE = 4


def join_operation(_sock: Any, level: Any = None, option: Any = None, value: Any = None, *_: Any) -> Operation | None:
    """Describe the group that a ``setsockopt`` call joins; None for other options, and if the system refuses it."""
    read = _READERS.get((level, option)) if isinstance(option, int) else None
    if read is None or value is None or isinstance(value, int):
        return None
    group, is_loopback = read(bytes(value), level)
    if len(group) != _SIZES[level]:
        return None
    _socket = real.socket_module()
    text = _socket.inet_ntop(_socket.AF_INET if level == _IPV4 else _socket.AF_INET6, group)
    return events.multicast_operation(text, is_loopback=is_loopback)


# The readers of option values. They return the group, and whether the interface is the loopback.


def _request(value: bytes, _level: int) -> tuple[bytes, bool]:
    """Read ``ip_mreq``, or ``ip_mreqn``, where the index of the interface takes precedence."""
    index = value[8:12]
    return value[:4], _is_loopback_index(index) if any(index) else _is_loopback_address(value[4:8])


def _source_request(value: bytes, _level: int) -> tuple[bytes, bool]:
    """Read ``ip_mreq_source``, whose last two addresses are swapped on Linux."""
    return value[:4], _is_loopback_address(value[4:8] if features.LINUX else value[8:12])


def _ipv6_request(value: bytes, _level: int) -> tuple[bytes, bool]:
    """Read ``ipv6_mreq``."""
    return value[:16], _is_loopback_index(value[16:20])


def _group_request(value: bytes, level: int) -> tuple[bytes, bool]:
    """Read ``group_req`` or ``group_source_req``: an index, and a socket address."""
    start = features.GROUP_REQUEST_ADDRESS + (4 if level == _IPV4 else 8)
    return value[start : start + _SIZES[level]], _is_loopback_index(value[:_INDEX_SIZE])


def _is_loopback_address(packed: bytes) -> bool:
    return len(packed) == _SIZES[_IPV4] and locality(".".join(map(str, packed))) is Locality.LOOPBACK


def _is_loopback_index(index: bytes) -> bool:
    try:
        name: str = real.socket_module().if_indextoname(int.from_bytes(index, sys.byteorder))
    except (OSError, OverflowError):
        return False  # 0 lets the system pick an interface; it refuses other unknown indexes
    return name.startswith("lo")


def _readers() -> dict[tuple[int, int], Callable[[bytes, int], tuple[bytes, bool]]]:
    join, join_source, join_ipv6, *join_any = features.MULTICAST_OPTIONS
    return {
        (_IPV4, join): _request,
        (_IPV4, join_source): _source_request,
        (_IPV6, join_ipv6): _ipv6_request,
        **{(level, option): _group_request for level in _SIZES for option in join_any},
    }


_READERS = _readers()
