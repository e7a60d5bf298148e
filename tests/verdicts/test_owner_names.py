"""The names of tests in messages, even if their ``id()`` fails."""

from __future__ import annotations

import hermetic
from hermetic._verdicts.owner_names import owner_name


class OwnerNameTest(hermetic.HermeticTestCase):
    def test_a_test_goes_by_its_id_and_anything_else_by_its_text(self):
        self.assertEqual(owner_name(self), self.id())
        self.assertEqual(owner_name("setUpClass (m.C)"), "setUpClass (m.C)")

    def test_one_that_cannot_say_its_name_goes_by_its_class(self):
        def fail(_):
            raise SystemExit

        broken = type("Broken", (), {"id": fail, "__module__": "shop_tests"})
        self.assertEqual(owner_name(broken()), "shop_tests.Broken")

    def test_ctrl_c_is_let_through(self):
        def interrupt(_):
            raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            owner_name(type("Interrupted", (), {"id": interrupt})())
