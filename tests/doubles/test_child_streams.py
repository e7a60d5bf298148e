"""Streams from doubled children: a read that would block waits for the child in virtual time."""

from __future__ import annotations

import io
import os
import selectors
from unittest import mock

import support
from hermetic import HermeticTestCase
from hermetic._doubles import child_streams


class StreamCase(HermeticTestCase):
    def setUp(self):
        self.reading, self.writing = os.pipe()
        self.addCleanup(self.close, self.reading, self.writing)
        self.child = mock.Mock(is_asleep=True, is_read_by_thread=False)
        self.child.wait.side_effect = self.end

    def close(self, *files: int) -> None:
        for file in files:
            try:
                os.close(file)
            except OSError:
                pass  # it is closed already

    def end(self, timeout: float | None = None) -> None:
        """Be the end of the child, which has then written everything."""
        self.child.is_asleep = False
        os.write(self.writing, b"late")
        os.close(self.writing)


class RecordedFileTest(StreamCase):
    def test_whatever_is_read_is_recorded(self):
        record = bytearray()
        file = io.BufferedReader(child_streams.RecordedFile(self.reading, record))
        os.write(self.writing, b"one\ntwo\n")
        os.close(self.writing)
        self.assertEqual((file.readline(), file.read()), (b"one\n", b"two\n"))
        self.assertEqual(bytes(record), b"one\ntwo\n")


class WaitingFileTest(StreamCase):
    def file(self) -> child_streams.WaitingFile:
        file = child_streams.WaitingFile(os.dup(self.reading), self.child)
        self.addCleanup(file.close)
        return file

    def test_what_has_arrived_is_read_without_waiting(self):
        os.write(self.writing, b"early")
        self.assertEqual(self.file().read(5), b"early")
        self.child.wait.assert_not_called()

    def test_a_read_that_would_block_waits_for_a_child_that_is_asleep(self):
        self.assertEqual(self.file().read(10), b"late")
        self.child.wait.assert_called_once_with()

    def test_to_read_all_is_to_wait_for_the_end(self):
        os.write(self.writing, b"early, ")
        self.assertEqual(self.file().read(), b"early, late")

    def test_a_stream_of_popen_keeps_its_kind_and_its_encoding(self):
        popen = mock.Mock(hermetic_child=self.child, encoding="latin-1", errors="strict")
        stream = io.TextIOWrapper(io.BufferedReader(io.FileIO(os.dup(self.reading))), encoding="latin-1")
        found = child_streams.waiting(popen, stream)
        self.addCleanup(found.close)
        self.assertEqual((found.encoding, found.read()), ("latin-1", "late"))
        self.assertIsNone(child_streams.waiting(popen, None))


@support.posix_only("selectors of pipes")
class WaitingSelectorTest(StreamCase):
    def selector(self) -> selectors.BaseSelector:
        selector = child_streams.waiting_selector(selectors.DefaultSelector)()
        self.addCleanup(selector.close)
        file = mock.Mock(hermetic_child=self.child, **{"fileno.return_value": self.reading})
        selector.register(file, selectors.EVENT_READ)
        return selector

    def test_where_nothing_is_ready_a_sleeping_child_is_waited_for(self):
        self.assertEqual(len(self.selector().select(5.0)), 1)
        self.child.wait.assert_called_once_with(5.0)

    def test_what_is_ready_is_ready(self):
        os.write(self.writing, b"x")
        self.assertEqual(len(self.selector().select(5.0)), 1)
        self.child.wait.assert_not_called()
