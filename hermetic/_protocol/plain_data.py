"""Plain data as bytes of JSON, for frames and for files."""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# Bound now, because tests may replace or remove either of these.
_encode: Callable[[Any], str] = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
_decode: Callable[[str], Any] = json.JSONDecoder().decode


def to_bytes(plain: Any) -> bytes:
    """Turn plain data into bytes."""
    # Not escaped as ASCII: two lone surrogates in a row would come back as one character.
    return _encode(plain).encode("utf-8", "surrogatepass")


def from_bytes(data: bytes) -> Any:
    """Turn bytes of ``to_bytes`` into plain data; nothing else can come of any bytes.

    Raises:
        ValueError, RecursionError: the bytes are not of ``to_bytes``.
    """
    return _decode(data.decode("utf-8", "surrogatepass"))
