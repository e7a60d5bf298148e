"""What is still running of a test that has met a ceiling is ended; what other tests leave running is theirs."""

from __future__ import annotations

import unittest

from hermetic import medium
from start_methods.sample_runs import SampleRunCase


@medium
class RunawayTest(SampleRunCase):
    TESTS = """
        import multiprocessing, os, subprocess, time, unittest
        from hermetic import medium

        SECONDS = "30"

        def start_many():
            for _ in range(9):
                process = multiprocessing.get_context("fork").Process(target=abs, args=(1,))
                process.start()
                process.join()

        class LegacyTest(unittest.TestCase):
            def test_1_leaves_a_server_to_later_tests(self):
                type(self).server = subprocess.Popen(["sleep", SECONDS])
                self.addClassCleanup(self.server.wait)
                self.addClassCleanup(self.server.kill)

            def test_2_runs_away_and_leaves_processes(self):
                context = multiprocessing.get_context("fork")
                type(self).process = context.Process(target=time.sleep, args=(int(SECONDS),))
                self.process.start()
                type(self).left = subprocess.Popen(["sh", "-c", f"sleep {SECONDS} & echo $!; wait"], stdout=-1)
                type(self).grandchild = int(self.left.stdout.readline())
                self.addClassCleanup(self.left.stdout.close)
                start_many()

            def test_3_after_it(self):
                self.assertIsNone(self.server.poll())
                self.assertIsNotNone(self.left.poll())
                self.assertEqual(multiprocessing.active_children(), [])
                with self.assertRaises(ProcessLookupError):
                    for _ in range(100):
                        os.kill(self.grandchild, 0)
                        time.sleep(0.02)  # its new parent has to wait for it

        @medium
        class MediumTest(LegacyTest):
            def test_4_keeps_a_pool(self):
                type(self).pool = multiprocessing.Pool(1)
                self.addClassCleanup(self.pool.join)
                self.addClassCleanup(self.pool.terminate)
                start_many()
    """

    def test_they_are_ended_and_nothing_else_is(self):
        done, errors = self.run_sample("--max-process-starts", "8")
        names = ("test_2_runs_away_and_leaves_processes",) * 2 + ("test_4_keeps_a_pool",)
        self.assertEqual(sorted(name for name, _ in errors), sorted(names), done.stderr)
        self.assertIn("Ran 7 tests", done.stderr)


if __name__ == "__main__":
    unittest.main()
