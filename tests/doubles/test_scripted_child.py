"""A doubled child writes what it was told to, reads what it is sent, and ends."""

from __future__ import annotations

import os
import threading

from hermetic import HermeticTestCase
from hermetic._base import features
from hermetic._doubles.scripted_child import ScriptedChild, ThreadedChild


class ScriptedChildTest(HermeticTestCase):
    def setUp(self):
        self.ended = []

    def pipe(self) -> tuple[int, int]:
        ends = os.pipe()
        self.addCleanup(self.close, *ends)
        return ends

    def close(self, *files: int) -> None:
        for file in files:
            try:
                os.close(file)
            except OSError:
                pass  # it is closed already

    def child(self, outputs: dict[int, bytes], files: dict[int, int], **options: object) -> ScriptedChild:
        options = {"returncode": 0, "duration": 0.0, "on_end": self.ended.append, **options}
        if features.WINDOWS:
            return ThreadedChild(outputs, files=files, new_pipes={1, 2}, **options)
        return ScriptedChild(outputs, files=files, **options)

    def test_it_writes_its_output_closes_the_file_and_ends(self):
        reading, writing = self.pipe()
        child = self.child({1: b"out"}, {1: writing}, returncode=3)
        self.assertEqual((os.read(reading, 10), os.read(reading, 10)), (b"out", b""))
        self.assertEqual((child.poll(), self.ended), (3, [child]))

    def test_more_than_a_pipe_holds_is_written_while_somebody_reads(self):
        reading, writing = self.pipe()
        child = self.child({1: b"x" * 300_000}, {1: writing})
        self.assertIsNone(child.poll())
        read = bytearray()
        while data := os.read(reading, 65536):
            read += data
        self.assertEqual((len(read), child.wait()), (300_000, 0))

    def test_it_reads_until_its_parent_has_closed_the_pipe(self):
        reading, writing = self.pipe()
        child = self.child({}, {0: reading})
        os.write(writing, b"sent")
        self.assertIsNone(child.poll())
        os.close(writing)
        self.assertEqual((child.wait(), bytes(child.sent)), (0, b"sent"))

    def test_a_signal_ends_it_and_harmless_ones_do_not(self):
        child = self.child({}, {}, duration=60.0)
        if not features.WINDOWS:
            child.send_signal(0)
            self.assertIsNone(child.poll())
        child.send_signal(15)
        status = 1 if features.WINDOWS else -15
        self.assertEqual((child.poll(), child.wait()), (status, status))

    def test_a_wait_lets_its_duration_pass_at_once(self):
        child = self.child({}, {}, duration=3600.0)
        self.assertTrue(child.is_asleep)
        self.assertIsNone(child.wait(timeout=600))
        self.assertEqual(child.wait(timeout=3600), 0)

    def test_who_waits_gets_what_its_end_has_found_wrong_once(self):
        error = ValueError("unused")
        child = self.child({}, {}, on_end=lambda child: error)
        child.wait()
        self.assertEqual([child.take_failure(), child.take_failure()], [error, None])

    def test_no_thread_is_left_when_it_has_ended(self):
        before = threading.active_count()
        reading, _ = self.pipe()
        child = self.child({}, {0: reading})
        self.assertEqual(threading.active_count(), before + 1)
        child.send_signal(9)
        self.assertEqual(threading.active_count(), before)
