"""Who is responsible for an operation: a test, a fixture, or an import."""

from __future__ import annotations

from unittest import mock

import hermetic
from hermetic import Size
from hermetic._policy.decision import Allowance, Policy
from hermetic._verdicts import scopes, subjects


def class_policy(policy: Policy):
    """A block in which every class and module has this policy."""
    return mock.patch.object(subjects, "current_run", mock.Mock(**{"policy_of.return_value": policy}))


class Fixtures:
    @classmethod
    def setUpClass(cls, scope):
        return subjects.outside(scope)


class AnsweringTest(hermetic.HermeticTestCase):
    def setUp(self):
        self.scope = scopes.Scope(None, Policy(Size.SMALL, Allowance(hosts=("db.test",))))

    def test_in_a_test_it_is_the_test_with_its_policy(self):
        policy = Policy(Size.SMALL)
        self.assertEqual(subjects.answering(scopes.Scope(self, policy)), (self.id(), policy))

    def test_outside_of_tests_it_is_what_the_call_stack_tells(self):
        with class_policy(None):
            name, policy = Fixtures.setUpClass(self.scope)
        self.assertEqual(name, f"setUpClass ({__name__}.Fixtures)")
        self.assertIs(policy, self.scope.policy)

    def test_a_fixture_with_a_policy_of_its_own_has_that_and_what_the_block_allows(self):
        with class_policy(Policy(Size.MEDIUM, Allowance(hosts=("cache.test",)))):
            _, policy = Fixtures.setUpClass(self.scope)
        self.assertEqual((policy.size, set(policy.allowance.hosts)), (Size.MEDIUM, {"cache.test", "db.test"}))
