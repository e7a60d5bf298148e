"""Processes that a test leaves running are ended after it and reported; what others keep is left alone."""

from __future__ import annotations

import unittest

from hermetic import medium
from start_methods.sample_runs import SampleRunCase


@medium
class LeftoverTest(SampleRunCase):
    TESTS = """
        import multiprocessing, os, subprocess, time, unittest
        from hermetic import medium

        SECONDS = 30

        @medium
        class MediumTest(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                cls.server = subprocess.Popen(["sleep", str(SECONDS)])
                cls.addClassCleanup(cls.server.wait)
                cls.addClassCleanup(cls.server.kill)

            def test_1_program_and_its_child(self):
                type(self).left = subprocess.Popen(["sh", "-c", f"sleep {SECONDS} & echo $!; wait"], stdout=-1)
                type(self).grandchild = int(self.left.stdout.readline())

            def test_2_after_it(self):
                self.assertIsNotNone(self.left.poll())
                self.left.stdout.close()
                with self.assertRaises(ProcessLookupError):
                    for _ in range(100):
                        os.kill(self.grandchild, 0)
                        time.sleep(0.02)  # its new parent has to wait for it

            def test_3_process(self):
                multiprocessing.Process(target=time.sleep, args=(SECONDS,)).start()

            def test_4_a_pool_that_the_class_keeps(self):
                self.assertEqual(multiprocessing.active_children(), [])
                type(self).pool = multiprocessing.Pool(1)
                self.addClassCleanup(self.pool.join)
                self.addClassCleanup(self.pool.terminate)

            def test_5_after_it(self):
                self.assertEqual(self.pool.map(abs, [-1]), [1])
                self.assertIsNone(self.server.poll())

            def test_6_ended_but_not_waited_for(self):
                type(self).ended = subprocess.Popen(["sleep", str(SECONDS)])
                self.ended.terminate()

            def test_7_after_it(self):
                self.ended.wait()

        class LegacyTest(unittest.TestCase):
            def test_process(self):
                multiprocessing.Process(target=time.sleep, args=(SECONDS,)).start()
    """

    def test_they_are_ended_and_reported_as_errors(self):
        done, errors = self.run_sample("--leaks", "error")
        left = "[H007] test test_sample."
        names = ("test_1_program_and_its_child", "test_3_process", "test_process")
        self.assert_errors(errors, done, dict.fromkeys(names, left))
        self.assertIn("process left running: sh -c sleep 30", dict(errors)[names[0]])

    def test_they_are_warned_of_by_default(self):
        done, errors = self.run_sample("test_sample.LegacyTest")
        self.assertEqual((done.returncode, errors), (0, []), done.stderr)
        self.assertIn("HermeticWarning: [H007] test test_sample.LegacyTest.test_process changed", done.stderr)


if __name__ == "__main__":
    unittest.main()
