"""Isolated functions outside of a TestCase: which calls a worker cannot make."""

from __future__ import annotations

import types

import hermetic
from hermetic import IsolationError
from hermetic._marks import isolated_calls


def plain() -> None:
    """Could be isolated."""


class Holder:
    def setup_method(self) -> None:
        """What pytest would call here."""

    def check(self) -> None:
        """Could be isolated without that."""


class RefusalTest(hermetic.HermeticTestCase):
    def assert_refused(self, reason: str, function: object, *args: object, **kwargs: object) -> None:
        with self.assertRaisesRegex(IsolationError, rf"\[H007\] .* cannot be isolated: {reason}"):
            isolated_calls.call(function, args, kwargs)

    def test_fixtures_and_parameters_are_objects_of_this_process(self):
        self.assert_refused(r"it takes fixtures or parameters \(tmp_path, number\)", plain, tmp_path="", number=1)
        self.assert_refused(r"it takes fixtures or parameters \(2 arguments\)", plain, 1, 2)

    def test_coroutines_and_generators_are_no_plain_functions(self):
        async def coroutine(): ...
        def generator():
            yield

        for function in (coroutine, generator):
            with self.subTest(function=function):
                self.assert_refused("it is not a plain function", function)

    def test_fixtures_of_pytest_would_run_here(self):
        self.assert_refused("its class's setup_method runs in this process", Holder.check, Holder())
        function = types.FunctionType(plain.__code__, {"setup_module": plain}, "plain")
        function.__module__ = "shop_tests"
        self.assert_refused("its module's setup_module runs in this process", function)
