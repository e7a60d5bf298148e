"""The audit hook calls whatever is registered for an event, in order."""

from __future__ import annotations

import sys
import uuid

import hermetic
import support
from hermetic._guards import audit_hook


class AuditHookTest(hermetic.HermeticTestCase):
    def setUp(self):
        self.event = f"hermetic.test.{uuid.uuid4()}"  # what is registered stays for good
        self.calls = []

    def test_a_function_gets_the_arguments_of_its_event_and_no_others(self):
        audit_hook.add_listener(self.event, self.calls.append)
        sys.audit(self.event, 1, "two")
        sys.audit(f"{self.event}.other", 3)
        self.assertEqual(self.calls, [(1, "two")])

    def test_several_are_called_in_their_order(self):
        for name in ("first", "second"):
            audit_hook.add_listener(self.event, lambda args, name=name: self.calls.append(name))
        sys.audit(self.event)
        self.assertEqual(self.calls, ["first", "second"])

    def test_one_that_raises_ends_the_event_for_its_caller_and_those_after_it(self):
        def refuse(_):
            raise PermissionError

        audit_hook.add_listener(self.event, refuse)
        audit_hook.add_listener(self.event, self.calls.append)
        with self.assertRaises(PermissionError):
            sys.audit(self.event)
        self.assertEqual(self.calls, [])


@hermetic.medium  # it starts a process
class OneHookTest(hermetic.HermeticTestCase):
    def test_the_guard_and_the_double_share_one_hook(self):
        done = support.run_python(
            "-c",
            "import sys\nadded = []\n"
            "sys.addaudithook(lambda event, args: added.append(event) if event == 'sys.addaudithook' else None)\n"
            "import hermetic\nwith hermetic.guard('small'), hermetic.SubprocessMock():\n    pass\nprint(added)",
        )
        self.assertEqual((done.stdout, done.stderr), ("['sys.addaudithook']\n", ""))
