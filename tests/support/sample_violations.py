"""Violations as the guard makes them, for tests of what becomes of them."""

from __future__ import annotations

from hermetic._base.errors import NetworkViolationError
from hermetic._base.records import CallSite, Operation, Violation


def violation(port: int) -> NetworkViolationError:
    """A violation of a small test that has connected to a port."""
    operation = Operation("network", "connect", f"127.0.0.1:{port}", "socket.socket.connect", "inet", "127.0.0.1", port)
    found = Violation("H001", "small", "m.C.test", operation, CallSite("shop.py", 3, "buy", "shop", "", ""))
    return NetworkViolationError(found, f"[H001] connected to 127.0.0.1:{port}\n  at shop.py:3")
