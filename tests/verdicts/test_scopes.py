"""Scopes: which one is in force, and where a violation is recorded."""

from __future__ import annotations

import threading
from unittest import mock

import hermetic
from hermetic import Size
from hermetic._policy.decision import Policy
from hermetic._verdicts import scopes
from hermetic._verdicts.scopes import Scope, owner_name

POLICY = Policy(Size.SMALL)


class ScopeCase(hermetic.HermeticTestCase):
    def setUp(self):
        patch = mock.patch.multiple(scopes.running, by_thread={}, process=None, late=[], sandbox=None)
        patch.start()
        self.addCleanup(patch.stop)
        token = scopes.block_scope.set(None)
        self.addCleanup(scopes.block_scope.reset, token)

    def in_thread(self, function: object) -> object:
        found = []
        thread = threading.Thread(target=lambda: found.append(function()))
        thread.start()
        thread.join()
        return found[0]


class ActiveTest(ScopeCase):
    def test_a_test_holds_for_its_thread_and_for_threads_that_have_none(self):
        scope = Scope("test", POLICY)
        self.assertIsNone(scopes.active())
        scopes.begin_scope(scope)
        self.assertIs(scopes.active(), scope)
        self.assertIs(self.in_thread(scopes.active), scope)
        scopes.end_scope(scope)
        self.assertIsNone(scopes.active())

    def test_the_one_that_was_entered_last_is_in_force(self):
        outer, block, inner = (Scope(name, POLICY) for name in ("outer", "block", "inner"))
        scopes.begin_scope(outer)
        scopes.block_scope.set(block)
        self.assertIs(scopes.active(), block)
        scopes.begin_scope(inner)
        self.assertIs(scopes.active(), inner)
        scopes.end_scope(inner)
        self.assertIs(scopes.active(), block)

    def test_a_thread_keeps_what_it_has_adopted(self):
        scope = Scope("test", POLICY)

        def adopted():
            before = scopes.adopt(scope)
            return before, scopes.active(), scopes.adopt(before)

        self.assertEqual(self.in_thread(adopted), (None, scope, scope))
        self.assertIsNone(scopes.active())

    def test_in_an_unjudged_block_everything_is_allowed(self):
        scopes.begin_scope(Scope("test", POLICY))
        with scopes.unjudged():
            self.assertTrue(scopes.is_unjudged())
            self.assertIsNone(scopes.active().policy)
        self.assertFalse(scopes.is_unjudged())


class WithinTest(ScopeCase):
    def test_a_block_has_the_log_of_the_test_that_it_stands_in(self):
        outer, block = Scope("test", POLICY), Scope("block", POLICY)
        outer.log_path = "/log"
        self.assertIs(block.within(outer), block)
        self.assertEqual((block.log_path, block.births_of, block.known_serial), ("/log", outer.serial, block.serial))

    def test_in_a_child_the_run_knows_it_by_the_serial_of_the_test(self):
        outer, block = Scope("test", POLICY), Scope("block", POLICY)
        outer.home, outer.log_path = -1, "/log"
        self.assertEqual(block.within(outer).known_serial, outer.serial)

    def test_a_child_whose_violations_nobody_reads_reads_its_own(self):
        outer, block = Scope("test", POLICY), Scope("block", POLICY)
        outer.home = -1
        self.assertIsNone(block.within(outer).outer)


class RecordTest(ScopeCase):
    def test_a_violation_stands_in_the_ledger_of_its_scope_or_of_the_one_that_answers_for_it(self):
        test, block = Scope("test", POLICY), Scope("block", POLICY)
        block.charged_to = test
        for scope in (test, block):
            scopes.record(scope, KeyError(scope.name))
        self.assertEqual([str(error) for error in test.ledger], ["'test'", "'block'"])
        self.assertTrue(test.touched)
        self.assertEqual(block.ledger, [])

    def test_after_the_end_of_the_test_it_is_late_and_handed_out_once(self):
        scope, error = Scope("test", POLICY), KeyError()
        scopes.begin_scope(scope)
        scopes.end_scope(scope)
        scopes.record(scope, error)
        self.assertEqual([scopes.take_late(), scopes.take_late()], [[("test", error)], []])


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
