"""Bytes from a channel become frames or an error, however they are cut or damaged."""

from __future__ import annotations

import json
import os
import struct
import tempfile
import threading
import unittest
from unittest import mock

import support
from hermetic._protocol import framing
from hermetic._protocol.framing import MAX_FRAME_BYTES, FrameReader, ProtocolError, WorkerEnd, pack

# It keeps tables of characters, which do not belong in the checkout.
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", os.path.join(tempfile.gettempdir(), "hermetic-hypothesis"))

try:
    from hypothesis import given, settings
    from hypothesis import strategies as st
except ImportError:
    # Each test is skipped. A module that raises SkipTest is understood by discovery alone, not when it is named.
    st, settings = mock.MagicMock(), mock.MagicMock()

    def given(*_: object):  # type: ignore[no-untyped-def,misc]
        return unittest.skip("hypothesis is not installed")


settings.register_profile("protocol", max_examples=50, deadline=None, database=None)
settings.load_profile("protocol")

NONCE = b"\x00nonce\xff\n"
FRAMES = [["begin", "a.b.c"], ["outcome", "failure", {"text": "é\ud800", "frames": [1, 2.5, None, True]}], ["end", {}]]
STREAM = b"".join(pack(NONCE, frame) for frame in FRAMES)

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def frame_of(body: bytes, nonce: bytes = NONCE, length: int | None = None) -> bytes:
    """A frame whose parts need not fit together."""
    return struct.pack(">8sI", nonce, len(body) if length is None else length) + body


class FrameReaderTest(unittest.TestCase):
    def test_frames_come_out_as_they_went_in(self):
        self.assertEqual(FrameReader(NONCE).feed(STREAM), FRAMES)

    def test_a_stream_may_be_cut_at_every_byte(self):
        for cut in range(len(STREAM) + 1):
            reader = FrameReader(NONCE)
            self.assertEqual(reader.feed(STREAM[:cut]) + reader.feed(STREAM[cut:]), FRAMES, cut)

    def test_a_stream_may_come_byte_by_byte(self):
        reader = FrameReader(NONCE)
        self.assertEqual([frame for byte in STREAM for frame in reader.feed(bytes([byte]))], FRAMES)

    def test_a_frame_is_handed_out_with_its_last_byte(self):
        reader, data = FrameReader(NONCE), pack(NONCE, ["begin", "x" * 100])
        self.assertEqual(reader.feed(data[:-1]), [])
        self.assertEqual(reader.feed(data[-1:]), [["begin", "x" * 100]])

    def test_nothing_is_no_frame_and_no_error(self):
        self.assertEqual(FrameReader(NONCE).feed(b""), [])

    def test_frames_that_were_sent_as_one_come_one_by_one(self):
        self.assertEqual(FrameReader(NONCE).feed(pack(NONCE, ["all", FRAMES]) + STREAM), FRAMES * 2)


class JunkTest(unittest.TestCase):
    def assert_refused(self, *pieces: bytes) -> None:
        reader = FrameReader(NONCE)
        with self.assertRaises(ProtocolError):
            for piece in (*pieces, b""):  # frames before the junk come first
                reader.feed(piece)

    def test_junk_before_a_frame(self):
        self.assert_refused(b"junk" + STREAM)

    def test_junk_after_a_frame(self):
        self.assert_refused(STREAM, b"junk")
        self.assert_refused(STREAM + b"junk")

    def test_frames_before_junk_come_first(self):
        reader = FrameReader(NONCE)
        self.assertEqual(reader.feed(STREAM + b"junk"), FRAMES)
        for _ in range(2):
            with self.assertRaises(ProtocolError):
                reader.feed(b"")

    def test_one_byte_of_junk_is_enough(self):
        self.assert_refused(b"j")

    def test_junk_that_begins_as_the_nonce_does(self):
        self.assert_refused(NONCE[:7] + b"?")

    def test_junk_within_a_frame(self):
        data = pack(NONCE, FRAMES[0])
        self.assert_refused(data[:20] + b"junk" + data[20:])

    def test_a_frame_with_the_nonce_of_another_worker(self):
        self.assert_refused(pack(b"12345678", FRAMES[0]))

    def test_a_length_that_no_frame_has(self):
        for length in (MAX_FRAME_BYTES + 1, 2**32 - 1):
            self.assert_refused(frame_of(b"[]", length=length))

    def test_a_length_that_is_too_small_leaves_junk(self):
        self.assert_refused(frame_of(b'["begin"]  ', length=9))

    def test_a_body_that_is_no_array_of_a_kind_and_arguments(self):
        for body in (b"", b"{}", b"[]", b"[1]", b"[null]", b'"begin"', b'["begin"', b'["begin"] x', b"NaN"):
            with self.subTest(body):
                self.assert_refused(frame_of(body))

    def test_frames_sent_as_one_of_which_any_is_none(self):
        for body in (b'["all"]', b'["all",{}]', b'["all",[["end"],[]]]', b'["all",[1]]', b'["all",[["end"]],1]'):
            with self.subTest(body):
                self.assert_refused(frame_of(body))

    def test_a_body_that_is_no_text(self):
        self.assert_refused(frame_of(b'["\xff"]'))

    def test_a_body_nested_deeper_than_any_stack(self):
        self.assert_refused(frame_of(b'["a",' + b"[" * 200_000 + b"]" * 200_000 + b"]"))


class RoundTripTest(unittest.TestCase):
    @given(st.lists(st.tuples(st.text(), PLAIN)), st.binary(min_size=8, max_size=8), st.integers(1, 40))
    def test_every_frame_survives_every_way_of_cutting(self, frames, nonce, step):
        sent = [[*frame] for frame in frames]
        data, reader = b"".join(pack(nonce, frame) for frame in sent), FrameReader(nonce)
        self.assertEqual([f for i in range(0, len(data), step) for f in reader.feed(data[i : i + step])], sent)

    @given(st.binary(min_size=1))
    def test_bytes_that_know_no_nonce_never_make_a_frame(self, data):
        reader = FrameReader(NONCE)
        try:
            self.assertEqual(reader.feed(data), [])
        except ProtocolError:
            return
        self.assertTrue(NONCE.startswith(data[:8]))


class WorkerEndTest(unittest.TestCase):
    def setUp(self):
        self.requests, self.frames = os.pipe(), os.pipe()
        self.end = WorkerEnd(self.requests[0], self.frames[1], NONCE)

    def tearDown(self):
        for fd in {*self.requests, *self.frames}:
            try:
                os.close(fd)
            except OSError:
                continue  # the test has closed it

    def test_requests_come_one_by_one_though_they_were_read_together(self):
        os.write(self.requests[1], STREAM)
        self.assertEqual([self.end.receive() for _ in FRAMES], FRAMES)

    def test_a_request_to_stop_is_found_behind_others_and_once(self):
        waiting = [["run", number] for number in range(3)]
        os.write(self.requests[1], pack(NONCE, ["all", waiting]) + pack(NONCE, ["stop"]) + pack(NONCE, ["emptied"]))
        self.assertEqual(self.end.receive(), waiting[0])
        self.assertEqual([self.end.is_told_to_stop() for _ in range(2)], [True, False])
        self.assertEqual([self.end.receive() for _ in range(3)], [*waiting[1:], ["emptied"]])

    def test_looking_for_a_request_to_stop_does_not_look_through_those_that_wait(self):
        class Watched(list):
            looks = 0

            def __getitem__(self, index):
                Watched.looks += 1
                return super().__getitem__(index)

        os.write(self.requests[1], pack(NONCE, ["run"]))
        self.end.receive()
        self.end._requests.extend(Watched(["run"]) for _ in range(100))
        self.assertFalse(self.end.is_told_to_stop())
        self.assertEqual(Watched.looks, 0)

    def test_a_supervisor_that_has_gone_is_the_end(self):
        os.close(self.requests[1])
        with self.assertRaises(EOFError):
            self.end.receive()

    def test_a_request_that_is_junk_is_an_error(self):
        os.write(self.requests[1], b"junk")
        with self.assertRaises(ProtocolError):
            self.end.receive()

    def test_a_channel_that_was_closed_is_not_written_to(self):
        os.close(self.frames[1])
        with self.assertRaises(OSError):
            self.end.send(["begin"])

    @support.posix_only("descriptors in the place of handles")
    def test_another_file_in_the_place_of_the_channel_is_not_written_to(self):
        null = os.open(os.devnull, os.O_RDWR)
        self.addCleanup(os.close, null)
        for fd, use in ((self.frames[1], lambda: self.end.send(["begin"])), (self.requests[0], self.end.receive)):
            os.dup2(null, fd)
            with self.assertRaises(OSError):
                use()

    def test_a_frame_larger_than_a_pipe_is_sent_whole(self):
        frame, received = ["outcome", "x" * 500_000], []
        reader = threading.Thread(target=self._read_frames, args=(1, received), daemon=True)
        reader.start()
        self.end.send(frame)
        reader.join(30)
        self.assertEqual(received, [frame])

    def test_frames_that_are_held_are_sent_as_one_with_the_next_unless_they_are_large(self):
        for held, count in ((["outcome", "x"], 1), (["outcome", "x" * framing._JOINED_BYTES], 2)):
            write = mock.Mock(side_effect=lambda _, data: len(data))
            with self.subTest(count=count), mock.patch.object(self.end, "_write", write):
                self.end.send(held, hold=True)
                write.assert_not_called()
                self.end.send(["ready"])
                data = bytes(write.call_args[0][1])
                self.assertEqual(data.count(NONCE), count)
                self.assertEqual(FrameReader(NONCE).feed(data), [held, ["ready"]])

    def test_threads_that_send_at_once_do_not_cut_each_other_s_frames(self):
        received: list[list[str]] = []
        sent = [["warning", letter * 150_000] for letter in "abcdefgh"]
        threads = [threading.Thread(target=self.end.send, args=(frame,), daemon=True) for frame in sent]
        threads.append(threading.Thread(target=self._read_frames, args=(len(sent), received), daemon=True))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(3)
        self.assertEqual(sorted(received), sent)

    def test_what_is_sent_while_a_frame_is_half_sent_comes_after_it(self):
        received: list[list[str]] = []
        reader = threading.Thread(target=self._read_frames, args=(2, received), daemon=True)
        reader.start()
        write, sent = os.write, []

        def write_as_if_a_signal_came(fd, data):
            if not sent:
                sent.append(True)
                self.end.send(["warning", "of a handler"])
            return write(fd, data[:100])

        with mock.patch.object(self.end, "_write", write_as_if_a_signal_came):
            self.end.send(["outcome", "x" * 1000])
        reader.join(30)
        self.assertEqual(received, [["outcome", "x" * 1000], ["warning", "of a handler"]])

    def _read_frames(self, count: int, received: list[list[str]]) -> None:
        reader = FrameReader(NONCE)
        while len(received) < count:
            received += reader.feed(os.read(self.frames[0], 65536))


class NonceTest(unittest.TestCase):
    def test_no_two_workers_have_the_same(self):
        self.assertEqual(len({framing.new_nonce() for _ in range(100)}), 100)
        self.assertEqual(len(framing.new_nonce()), framing.NONCE_BYTES)

    def test_frames_are_packed_though_a_test_has_replaced_json(self):
        with mock.patch.object(json, "dumps", None), mock.patch.object(json, "JSONEncoder", None):
            self.assertEqual(FrameReader(NONCE).feed(pack(NONCE, ["begin"])), [["begin"]])


if __name__ == "__main__":
    unittest.main()
