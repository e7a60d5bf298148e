"""``hermetic.guard`` as a block and as a decorator, without a test framework."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import socket
import subprocess
import sys
import threading
import unittest

import hermetic
import support
from hermetic import NetworkViolationError, allow, guard, medium, small

SWALLOWED = "connected to 127.0.0.1:9"


def reach() -> None:
    """What small refuses."""
    with socket.socket() as sock:
        sock.connect(("127.0.0.1", 9))


def reach_and_swallow() -> None:
    with contextlib.suppress(Exception):
        reach()


def is_refused() -> bool:
    """Whether small is in force: what is tried works in medium and everywhere else, and sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind(("127.0.0.1", 0))
        except NetworkViolationError:
            return True
    return False


@contextlib.contextmanager
def swallowed_violations_expected():
    """``is_refused`` swallows what the end of the block then raises."""
    try:
        yield
    except NetworkViolationError as error:
        if "opened a socket on 127.0.0.1:0" not in str(error):
            raise


@medium
class AsABlock(unittest.TestCase):
    def test_a_violation_is_raised_at_the_call(self) -> None:
        reached_the_next_line = False
        with self.assertRaises(NetworkViolationError), guard("small"):
            reach()
            reached_the_next_line = True
        self.assertFalse(reached_the_next_line)

    def test_a_block_may_start_processes_after_its_test_has(self) -> None:
        for _ in range(2):
            subprocess.run([sys.executable, "-S", "-c", ""], check=True)
            with guard("large"):
                subprocess.run([sys.executable, "-S", "-c", ""], check=True)

    def test_what_is_allowed_passes(self) -> None:
        with guard("small"):
            left, right = socket.socketpair()
            left.close()
            right.close()

    def test_a_swallowed_violation_is_raised_at_the_end(self) -> None:
        with self.assertRaisesRegex(NetworkViolationError, SWALLOWED):
            with guard("small"):
                reach_and_swallow()

    def test_a_swallowed_violation_is_chained_to_the_error_that_leaves_the_block(self) -> None:
        with self.assertRaisesRegex(NetworkViolationError, SWALLOWED) as caught:
            with guard("small"):
                reach_and_swallow()
                raise KeyError("later")
        self.assertIsInstance(caught.exception.__cause__, KeyError)

    def test_a_violation_that_leaves_the_block_is_not_raised_twice(self) -> None:
        with self.assertRaises(NetworkViolationError) as caught, guard("small"):
            reach()
        self.assertIsNone(caught.exception.__cause__)

    def test_a_violation_that_is_the_cause_of_another_error_is_not_raised_again(self) -> None:
        with self.assertRaises(ValueError), guard("small"):
            try:
                reach()
            except NetworkViolationError as error:
                raise ValueError("translated") from error

    def test_a_retry_loop_is_one_error_with_a_count(self) -> None:
        with self.assertRaisesRegex(NetworkViolationError, r"\(2 more times\)"):
            with guard("small"):
                for _ in range(3):
                    reach_and_swallow()

    def test_its_end_is_the_end(self) -> None:
        with guard("small"):
            pass
        self.assertFalse(is_refused())

    def test_one_guard_can_be_entered_again(self) -> None:
        block = guard("small")
        for _ in range(2):
            with swallowed_violations_expected(), block:
                self.assertTrue(is_refused())

    def test_one_guard_can_be_entered_within_itself(self) -> None:
        block = guard("small")
        with swallowed_violations_expected(), block:
            with swallowed_violations_expected(), block:
                self.assertTrue(is_refused())
            self.assertTrue(is_refused())

    def test_the_inner_of_two_is_in_force(self) -> None:
        with swallowed_violations_expected(), guard("small"):
            with guard("medium"):
                self.assertFalse(is_refused())
            self.assertTrue(is_refused())

    def test_a_small_one_holds_within_a_larger_one(self) -> None:
        with guard("large"), swallowed_violations_expected(), guard("small"):
            self.assertTrue(is_refused())

    def test_its_message_names_it(self) -> None:
        with self.assertRaises(NetworkViolationError) as caught, guard("small"):
            reach()
        first_line = str(caught.exception).partition("\n")[0]
        self.assertIn("small test hermetic.guard('small') connected to 127.0.0.1:9", first_line)

    def test_its_message_names_the_line_of_the_call(self) -> None:
        with self.assertRaises(NetworkViolationError) as caught, guard("small"):
            reach()
        site = caught.exception.violation.site
        self.assertEqual((site.function, site.source), ("reach", 'sock.connect(("127.0.0.1", 9))'))

    def test_a_host_can_be_allowed(self) -> None:
        with guard("small", hosts=["127.0.0.1"]):
            self.assertFalse(is_refused())

    def test_allow_works_within_it(self) -> None:
        with swallowed_violations_expected(), guard("small"):
            with allow(hosts=["127.0.0.1"]):
                self.assertFalse(is_refused())
            self.assertTrue(is_refused())

    def test_a_process_is_refused_as_such(self) -> None:
        import subprocess

        with self.assertRaises(hermetic.SubprocessViolationError), guard("small"):
            subprocess.run(["true"], check=True)

    def test_a_size_may_be_the_enumeration_or_the_mark(self) -> None:
        for size in (hermetic.Size.SMALL, small):
            with self.subTest(size=size), swallowed_violations_expected(), guard(size):
                self.assertTrue(is_refused())

    def test_an_unknown_size_is_an_error_that_lists_the_sizes(self) -> None:
        with self.assertRaisesRegex(hermetic.ConfigurationError, "'tiny'.*small.*medium.*large.*xlarge"):
            guard("tiny")


@medium
class OnAFunction(unittest.TestCase):
    def test_each_call_is_held_to_the_size(self) -> None:
        function = guard("small")(reach)
        for _ in range(2):
            with self.assertRaises(NetworkViolationError):
                function()

    def test_a_swallowed_violation_is_raised_at_the_end(self) -> None:
        with self.assertRaisesRegex(NetworkViolationError, SWALLOWED):
            guard("small")(reach_and_swallow)()

    def test_the_result_is_handed_on(self) -> None:
        self.assertEqual(guard("small")(lambda a, *, b: a + b)(1, b=2), 3)

    def test_the_signature_and_the_kind_are_kept(self) -> None:
        async def function(a: int, *, b: str) -> None: ...

        guarded = guard("small")(function)
        self.assertEqual(inspect.signature(guarded), inspect.signature(function))
        self.assertTrue(inspect.iscoroutinefunction(guarded))

    def test_a_method_is_guarded_as_a_function_is(self) -> None:
        class Client:
            @guard("small")
            def get(self):
                reach()

        with self.assertRaises(NetworkViolationError) as caught:
            Client().get()
        self.assertTrue(caught.exception.violation.test.endswith("Client.get"))

    def test_static_and_class_methods_stay_what_they_are(self) -> None:
        class Client:
            @guard("small")
            @staticmethod
            def outer_static(value):
                return value, is_refused()

            @guard("small")
            @classmethod
            def outer_class(cls, value):
                return value, is_refused()

        for method in (Client.outer_static, Client().outer_static, Client.outer_class, Client().outer_class):
            with self.subTest(method=method), swallowed_violations_expected():
                self.assertEqual(method(1), (1, True))

    def test_recursion_is_one_block(self) -> None:
        @guard("small")
        def function(depth):
            return function(depth - 1) if depth else reach_and_swallow()

        with self.assertRaisesRegex(NetworkViolationError, SWALLOWED):
            function(3)

    def test_threads_at_the_same_time_are_told_apart(self) -> None:
        seen = {}
        inside, looked = threading.Event(), threading.Event()

        @guard("small")
        def guarded():
            inside.set()
            looked.wait(5)
            seen["guarded"] = is_refused()

        def run():
            with swallowed_violations_expected():
                guarded()

        thread = threading.Thread(target=run)
        thread.start()
        inside.wait(5)
        seen["neighbour"] = is_refused()
        looked.set()
        thread.join()
        self.assertEqual(seen, {"guarded": True, "neighbour": False})


@medium
class OnAGenerator(unittest.TestCase):
    def test_its_body_is_held_to_the_size_and_its_caller_is_not(self) -> None:
        @guard("small")
        def generator():
            yield is_refused()
            yield is_refused()

        with swallowed_violations_expected():
            seen = []
            for inside in generator():
                seen.append((inside, is_refused()))  # noqa: PERF401 - a comprehension would lose all: the end raises
        self.assertEqual(seen, [(True, False), (True, False)])

    def test_a_violation_is_raised_at_the_step(self) -> None:
        @guard("small")
        def generator():
            yield 1
            reach()

        steps = generator()
        self.assertEqual(next(steps), 1)
        with self.assertRaises(NetworkViolationError):
            next(steps)

    def test_a_swallowed_violation_is_raised_at_the_end(self) -> None:
        @guard("small")
        def generator():
            reach_and_swallow()
            yield 1

        steps = generator()
        self.assertEqual(next(steps), 1)
        with self.assertRaisesRegex(NetworkViolationError, SWALLOWED):
            next(steps)

    def test_send_throw_and_the_result_go_through(self) -> None:
        @guard("small")
        def generator():
            got = yield "first"
            try:
                yield got
            except KeyError:
                return "result"

        steps = generator()
        self.assertEqual((next(steps), steps.send("sent")), ("first", "sent"))
        with self.assertRaises(StopIteration) as stop:
            steps.throw(KeyError())
        self.assertEqual(stop.exception.value, "result")

    def test_close_runs_its_finally_under_the_size(self) -> None:
        seen = []

        @guard("small")
        def generator():
            try:
                yield 1
            finally:
                seen.append(is_refused())

        steps = generator()
        next(steps)
        with swallowed_violations_expected():
            steps.close()
        self.assertEqual(seen, [True])

    def test_it_can_be_the_body_of_a_context_manager(self) -> None:
        @contextlib.contextmanager
        @guard("small")
        def manager():
            seen.append(is_refused())
            yield

        seen = []
        with swallowed_violations_expected(), manager():
            seen.append(is_refused())
        self.assertEqual(seen, [True, False])


@medium
class OnAsyncCode(unittest.IsolatedAsyncioTestCase):
    async def test_an_async_function_is_held_across_awaits(self) -> None:
        @guard("small")
        async def function():
            await asyncio.sleep(0)
            return is_refused()

        with swallowed_violations_expected():
            self.assertTrue(await function())

    async def test_a_swallowed_violation_is_raised_at_the_end(self) -> None:
        @guard("small")
        async def function():
            await asyncio.sleep(0)
            reach_and_swallow()

        with self.assertRaisesRegex(NetworkViolationError, SWALLOWED):
            await function()

    async def test_a_block_within_a_task_is_held_across_awaits(self) -> None:
        with swallowed_violations_expected(), guard("small"):
            await asyncio.sleep(0)
            self.assertTrue(is_refused())

    async def test_a_task_created_inside_inherits_it(self) -> None:
        async def child():
            await asyncio.sleep(0)
            return is_refused()

        with swallowed_violations_expected(), guard("small"):
            self.assertTrue(await asyncio.create_task(child()))

    async def test_what_a_task_inside_swallows_is_raised_at_the_end(self) -> None:
        async def child():
            reach_and_swallow()

        with self.assertRaisesRegex(NetworkViolationError, SWALLOWED):
            with guard("small"):
                await asyncio.gather(child(), return_exceptions=True)

    async def test_a_neighbouring_task_does_not_see_it(self) -> None:
        async def neighbour():
            await inside.wait()
            seen.append(is_refused())
            done.set()

        seen, inside, done = [], asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(neighbour())
        with guard("small"):
            inside.set()
            await done.wait()
        await task
        self.assertEqual(seen, [False])

    async def test_an_executor_inherits_it(self) -> None:
        with swallowed_violations_expected(), guard("small"):
            refused = await asyncio.get_running_loop().run_in_executor(None, is_refused)
            self.assertTrue(refused)

    async def test_to_thread_inherits_it(self) -> None:
        with swallowed_violations_expected(), guard("small"):
            self.assertTrue(await asyncio.to_thread(is_refused))

    async def test_a_callback_inherits_it(self) -> None:
        future = asyncio.get_running_loop().create_future()
        with swallowed_violations_expected(), guard("small"):
            asyncio.get_running_loop().call_soon(lambda: future.set_result(is_refused()))
            self.assertTrue(await future)

    async def test_an_async_generator_is_held_and_its_caller_is_not(self) -> None:
        @guard("small")
        async def generator():
            yield is_refused()
            await asyncio.sleep(0)
            yield is_refused()

        seen = []
        with swallowed_violations_expected():
            async for inside in generator():
                seen.append((inside, is_refused()))  # noqa: PERF401 - a comprehension would lose all: the end raises
        self.assertEqual(seen, [(True, False), (True, False)])

    async def test_what_an_async_generator_swallows_is_raised_at_its_end(self) -> None:
        @guard("small")
        async def generator():
            reach_and_swallow()
            yield 1

        steps = generator()
        self.assertEqual(await steps.__anext__(), 1)
        with self.assertRaisesRegex(NetworkViolationError, SWALLOWED):
            await steps.__anext__()

    async def test_asend_and_athrow_go_through(self) -> None:
        @guard("small")
        async def generator():
            got = yield "first"
            with contextlib.suppress(KeyError):
                yield got
            yield "last"

        steps = generator()
        self.assertEqual((await steps.__anext__(), await steps.asend("sent")), ("first", "sent"))
        self.assertEqual(await steps.athrow(KeyError()), "last")
        await steps.aclose()

    async def test_aclose_runs_its_finally_under_the_size(self) -> None:
        @guard("small")
        async def generator():
            try:
                yield 1
            finally:
                await asyncio.sleep(0)
                seen.append(is_refused())

        seen = []
        steps = generator()
        await steps.__anext__()
        with swallowed_violations_expected():
            await steps.aclose()
        self.assertEqual(seen, [True])


SCRIPT = """
import socket, hermetic
with hermetic.guard("small"):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
print("went on")
"""


@medium
class WithoutATestFramework(unittest.TestCase):
    def run_script(self, source: str = SCRIPT, **env: str) -> tuple[int, str, str]:
        with support.Folder(**{"script.py": source}) as folder:
            ran = support.run_python("script.py", cwd=folder, env=env)
        return ran.returncode, ran.stdout, ran.stderr

    def test_a_violation_ends_the_script(self) -> None:
        status, printed, said = self.run_script()
        self.assertEqual((status, printed), (1, ""))
        self.assertIn("NetworkViolationError: [H001] network violation", said)

    def test_in_mode_off_nothing_is_judged(self) -> None:
        self.assertEqual(self.run_script(HERMETIC_MODE="off"), (0, "went on\n", ""))

    def test_in_mode_warn_it_is_let_happen_and_said(self) -> None:
        status, printed, said = self.run_script(HERMETIC_MODE="warn")
        self.assertEqual((status, printed), (0, "went on\n"))
        self.assertRegex(said, r"script\.py:\d+: HermeticWarning: \[H001\] .* opened a socket on 127\.0\.0\.1:0")

    def test_in_mode_off_a_guarded_function_is_called_as_it_is(self) -> None:
        source = SCRIPT.replace('with hermetic.guard("small"):', '@hermetic.guard("small")\ndef function():')
        source = source.replace("print(", "function()\nprint(")
        self.assertEqual(self.run_script(source, HERMETIC_MODE="off")[:2], (0, "went on\n"))

    def test_a_swallowed_violation_ends_the_script(self) -> None:
        suppressed = "        with contextlib.suppress(Exception): sock.bind"
        swallowed = "import contextlib\n" + SCRIPT.replace("        sock.bind", suppressed)
        status, printed, said = self.run_script(swallowed)
        self.assertEqual((status, printed), (1, ""), said)


if __name__ == "__main__":
    unittest.main()
