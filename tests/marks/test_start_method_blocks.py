"""``hermetic.start_method`` as a block and a decorator, and ``--start-method all``."""

from __future__ import annotations

import asyncio
import multiprocessing
import unittest
from unittest import mock

import hermetic
from hermetic import medium, start_method
from hermetic._base import features
from support import posix_only
from support.sample_runs import METHODS, SampleRunCase


def set_method():
    return multiprocessing.get_start_method(allow_none=True)


class StartMethodBlockTest(hermetic.HermeticTestCase):
    def setUp(self):
        default = multiprocessing.context._default_context
        self.addCleanup(setattr, default, "_actual_context", default._actual_context)

    def test_a_block_has_its_method(self):
        for method in METHODS:
            with self.subTest(method=method), start_method(method):
                self.assertEqual((set_method(), multiprocessing.get_context().get_start_method()), (method, method))

    @posix_only("start method but spawn")
    def test_what_was_unset_is_unset_afterwards(self):
        multiprocessing.set_start_method(None, force=True)
        with start_method("fork"):
            pass
        self.assertIsNone(set_method())

    @posix_only("start method but spawn")
    def test_what_was_set_is_set_afterwards_even_after_an_error(self):
        multiprocessing.set_start_method("forkserver", force=True)
        with self.assertRaises(ValueError), start_method("fork"), start_method("spawn"):
            raise ValueError
        self.assertEqual(set_method(), "forkserver")

    @posix_only("start method but spawn")
    def test_a_function_is_decorated(self):
        @start_method("forkserver")
        def decorated(word, *, ending):
            """Says its method."""
            return f"{word} {set_method()}{ending}"

        self.assertEqual((decorated("by", ending="!"), decorated.__doc__), ("by forkserver!", "Says its method."))

    @posix_only("start method but spawn")
    def test_a_coroutine_function_is_decorated(self):
        @start_method("forkserver")
        async def decorated():
            await asyncio.sleep(0)
            return set_method()

        self.assertEqual(asyncio.run(decorated()), "forkserver")

    @posix_only("start method but spawn")
    def test_the_tests_of_a_class_are_decorated(self):
        @start_method("forkserver")
        class SampleTest(unittest.TestCase):
            def test_method(self):
                self.assertEqual(set_method(), "forkserver")

            def helper(self):
                return set_method()

        self.assertTrue(SampleTest("test_method").run().wasSuccessful())
        self.assertNotEqual(SampleTest("helper").helper(), "forkserver")

    @posix_only("start method but spawn")
    def test_static_and_class_methods_of_a_class_stay_what_they_are(self):
        seen = []

        @start_method("forkserver")
        class SampleTest(unittest.TestCase):
            @staticmethod
            def test_static():
                seen.append(set_method())

            @classmethod
            def test_class(cls):
                seen.append((cls is SampleTest, set_method()))

        for name in ("test_static", "test_class"):
            self.assertTrue(SampleTest(name).run().wasSuccessful())
        self.assertEqual(seen, ["forkserver", (True, "forkserver")])

    @posix_only("start method but spawn")
    def test_the_steps_of_a_generator_have_the_method_and_its_caller_has_not(self):
        @start_method("forkserver")
        def decorated():
            yield set_method()
            yield set_method()

        multiprocessing.set_start_method("spawn", force=True)
        self.assertEqual([(method, set_method()) for method in decorated()], [("forkserver", "spawn")] * 2)

    def test_an_unknown_method_is_an_error_that_lists_the_known_ones(self):
        with self.assertRaisesRegex(hermetic.ConfigurationError, "'forked'.*'spawn', 'forkserver', 'fork'"):
            start_method("forked")

    def test_a_method_that_the_platform_lacks_is_an_error(self):
        with mock.patch.object(features, "WINDOWS", True):
            start_method("spawn")
            for method in ("fork", "forkserver"):
                with self.assertRaisesRegex(hermetic.ConfigurationError, f"has no start method '{method}'; write 'sp"):
                    start_method(method)

    def test_anything_but_a_function_or_a_class_is_an_error(self):
        with self.assertRaisesRegex(hermetic.DecorationError, "takes a function or a class, not 3"):
            start_method("spawn")(3)


@medium
class AllMethodsTest(SampleRunCase):
    TESTS = """
        import multiprocessing, unittest

        class SampleTest(unittest.TestCase):
            def test_a_process(self):
                print("process by", multiprocessing.get_start_method(), flush=True)
                process = multiprocessing.Process(target=abs, args=(1,))
                process.start()
                process.join()

            def test_no_process(self):
                print("no process", flush=True)

            def test_a_lambda(self):
                process = multiprocessing.Process(target=lambda: None)
                process.start()
                process.join()
    """

    @posix_only("start method but spawn")
    def test_tests_that_start_processes_run_by_each_method(self):
        done, errors = self.run_sample("--start-method", "all")
        lines = ["process by spawn", "no process", *(f"process by {method}" for method in ("forkserver", "fork"))]
        self.assertEqual(done.stdout.splitlines(), lines)
        for method in ("forkserver", "fork"):
            self.assertIn(f"\nRerun with start method {method}: the tests that started processes\n", done.stderr)
            self.assertIn(f"\nstart method of multiprocessing: {method}\n", done.stderr)
        self.assertEqual((done.returncode, [name for name, _ in errors]), (1, ["test_a_lambda"] * 2))

    def test_what_does_not_pickle_is_explained_where_errors_have_notes(self):
        _, [(_, text)] = self.run_sample("test_sample.SampleTest.test_a_lambda")
        if hasattr(BaseException, "add_note"):
            self.assertIn("The start method is 'spawn', which pickles", text)
            self.assertIn("--start-method fork", text)

    def test_a_suite_that_starts_none_runs_once(self):
        done, _ = self.run_sample("--start-method", "all", "test_sample.SampleTest.test_no_process")
        self.assertEqual((done.returncode, done.stdout), (0, "no process\n"))
        self.assertNotIn("Once more", done.stderr)

    def test_tests_that_compare_equal_all_run_by_each_method(self):
        done, errors = self.run_sample("--start-method", "all", **{"test_sample.py": EQUAL_TESTS})
        for method in multiprocessing.get_all_start_methods():
            self.assertEqual(done.stdout.count(f"by {method}\n"), 4, done.stdout)
        self.assertEqual(errors, [], done.stderr)


EQUAL_TESTS = """
    import multiprocessing, unittest

    class SampleTest(unittest.TestCase):
        def test_it(self):
            print(self.number, "by", multiprocessing.get_start_method(), flush=True)
            process = multiprocessing.Process(target=abs, args=(1,))
            process.start()
            process.join()

    class LyingTest(SampleTest):
        def __eq__(self, other):
            return True

        def __hash__(self):
            raise TypeError("no hash")

    class RaisingTest(SampleTest):
        def __eq__(self, other):
            raise TypeError("not comparable")

    def load_tests(loader, tests, pattern):
        tests = [cls("test_it") for cls in (SampleTest, SampleTest, LyingTest, RaisingTest)]
        for number, test in enumerate(tests):
            test.number = number
        return unittest.TestSuite(tests)
"""


if __name__ == "__main__":
    unittest.main()
