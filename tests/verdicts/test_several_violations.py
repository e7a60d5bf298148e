"""How the violations that no exception has shown become one error."""

from __future__ import annotations

import hermetic
from hermetic._base.errors import NetworkViolationError
from hermetic._base.records import CallSite, Operation, Violation
from hermetic._verdicts.several_violations import merged


def violation(port: int) -> NetworkViolationError:
    operation = Operation("network", "connect", f"127.0.0.1:{port}", "socket.socket.connect", "inet", "127.0.0.1", port)
    found = Violation("H001", "small", "m.C.test", operation, CallSite("shop.py", 3, "buy", "shop", "", ""))
    return NetworkViolationError(found, f"[H001] connected to 127.0.0.1:{port}\n  at shop.py:3")


class MergedTest(hermetic.HermeticTestCase):
    def test_a_single_one_stays_as_it_is(self):
        only = violation(1)
        self.assertIs(merged([only]), only)

    def test_each_place_is_shown_once_with_a_count(self):
        error = merged([violation(1), violation(2), violation(1), violation(1)])
        self.assertIsInstance(error, NetworkViolationError)
        first, second = str(error).split("\n\n")[:2]
        self.assertIn("127.0.0.1:1 (2 more times)", first)
        self.assertIn("127.0.0.1:2", second.splitlines()[0])
        self.assertNotIn("more times", second)
