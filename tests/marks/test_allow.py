"""``@allow`` on a function that a test calls adds to what the test may do, for the time of the call."""

from __future__ import annotations

import socket
import unittest

from hermetic import allow, medium, small
from support import run_tests


def bind(address: str = "127.0.0.2") -> None:
    """What a small test may do where the address is allowed alone."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((address, 0))


permitted = allow(hosts=["127.0.0.2"])


@permitted
def function(address: str = "127.0.0.2") -> None:
    bind(address)


@permitted
async def coroutine() -> None:
    bind()


@permitted
def generator():
    bind()
    yield 1
    bind()


class Helper:
    @permitted
    def method(self) -> None:
        bind()


class Holds(unittest.IsolatedAsyncioTestCase):
    @staticmethod
    @permitted
    def static() -> None:
        bind()

    @permitted
    @classmethod
    def of_class(cls) -> None:
        bind()


@medium
class AllowedCallsTest(unittest.TestCase):
    def test_what_is_allowed_may_be_done_in_every_kind_of_call(self) -> None:
        @small
        class Sample(Holds):
            def test_function(self):
                function()

            def test_method(self):
                Helper().method()

            def test_static_method(self):
                self.static()

            def test_class_method(self):
                self.of_class()

            def test_generator(self):
                self.assertEqual([1], [*generator()])

            async def test_coroutine(self):
                await coroutine()

        self.assertEqual([], run_tests(Sample).errors)

    def test_nothing_else_may_be_done_and_nothing_after_the_call(self) -> None:
        @small
        class Sample(unittest.TestCase):
            def test_another_address(self):
                function("127.0.0.3")

            def test_after_the_call(self):
                function()
                bind()

        self.assertEqual(2, len(run_tests(Sample).errors))

    def test_the_test_keeps_what_its_own_size_allows(self) -> None:
        @medium
        class Sample(unittest.TestCase):
            def test_another_address(self):
                function("127.0.0.3")

        self.assertEqual([], run_tests(Sample).errors)
