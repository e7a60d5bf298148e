"""Functions, coroutines, and both kinds of generators run each call or step in a block."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import unittest

import hermetic
from hermetic._marks import block_wrappers


class Noted:
    """Stands for a block; notes when it is entered and left, in ``events``."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def __enter__(self) -> None:
        self.events.append("in")

    def __exit__(self, *_: object) -> None:
        self.events.append("out")

    @contextlib.contextmanager
    def concluding(self):
        yield
        self.events.append("concluded")


class WrapperCase(hermetic.HermeticTestCase):
    def setUp(self):
        self.block = Noted()

    def wrapped(self, function: object) -> object:
        return block_wrappers.wrapping(lambda *_: self.block)(function)

    def note(self, what: str) -> None:
        self.block.events.append(what)


class FunctionTest(WrapperCase):
    def test_a_call_runs_in_the_block_and_its_result_is_handed_on(self):
        def add(a, *, b):
            self.note("body")
            return a + b

        self.assertEqual(self.wrapped(add)(1, b=2), 3)
        self.assertEqual(self.block.events, ["in", "body", "out", "concluded"])

    def test_without_a_block_the_call_is_as_it_was(self):
        seen = []
        wrapper = block_wrappers.wrapping(lambda _, args: seen.append(args))(lambda *args: args)
        self.assertEqual((wrapper(1, 2), seen), ((1, 2), [(1, 2)]))

    def test_name_signature_and_kind_are_kept(self):
        def plain(a, b=2): ...
        async def coroutine(a): ...
        def generator(a):
            yield

        async def async_generator(a):
            yield

        kinds = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)
        for function in (plain, coroutine, generator, async_generator):
            wrapper = self.wrapped(function)
            with self.subTest(function=function):
                self.assertEqual(wrapper.__name__, function.__name__)
                self.assertEqual(inspect.signature(wrapper), inspect.signature(function))
                self.assertEqual([kind(wrapper) for kind in kinds], [kind(function) for kind in kinds])


class GeneratorTest(WrapperCase):
    def test_only_its_steps_are_in_the_block_and_not_what_its_caller_does(self):
        def steps():
            self.note("one")
            yield
            self.note("two")

        for _ in self.wrapped(steps)():
            self.note("caller")
        self.assertEqual(self.block.events[:7], ["in", "one", "out", "caller", "in", "two", "out"])
        self.assertEqual(self.block.events[-1], "concluded")

    def test_what_is_sent_and_thrown_goes_to_it_and_its_result_comes_back(self):
        def echo():
            try:
                self.note((yield "first"))
                yield "second"
            except KeyError:
                return "caught"

        generator = self.wrapped(echo)()
        self.assertEqual([next(generator), generator.send("sent")], ["first", "second"])
        with self.assertRaises(StopIteration) as stopped:
            generator.throw(KeyError())
        self.assertEqual(stopped.exception.value, "caught")
        self.assertIn("sent", self.block.events)

    def test_closing_it_runs_its_end_in_the_block(self):
        def held():
            try:
                yield
            finally:
                self.note("end")

        generator = self.wrapped(held)()
        next(generator)
        generator.close()
        self.assertEqual(self.block.events, ["in", "out", "in", "end", "out"])


class AsyncTest(WrapperCase, unittest.TestCase):
    def test_a_coroutine_runs_in_the_block_up_to_its_end(self):
        async def body():
            await asyncio.sleep(0)
            self.note("body")
            return 5

        self.assertEqual(asyncio.run(self.wrapped(body)()), 5)
        self.assertEqual(self.block.events, ["in", "body", "out", "concluded"])

    def test_an_asynchronous_generator_runs_its_steps_in_the_block(self):
        async def steps():
            yield 1
            self.note("between")
            yield 2

        async def consume():
            return [item async for item in self.wrapped(steps)() if not self.note("caller")]

        self.assertEqual(asyncio.run(consume()), [1, 2])
        self.assertEqual(self.block.events[:6], ["in", "out", "caller", "in", "between", "out"])
