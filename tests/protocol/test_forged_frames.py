"""Frames that a test writes into the channel of its worker are reported as errors, and the run continues."""

from __future__ import annotations

from typing import ClassVar

from hermetic import large
from support.hostile import HostileCase, module_of, start_hermetic

_SAY = """
import gc, json, os, struct, time

def channel():
    return next(thing for thing in gc.get_objects() if type(thing).__name__ == "WorkerEnd")

def say(*frames, body=None, more=0):
    end = channel()
    bodies = [json.dumps(frame).encode() for frame in frames] if body is None else [body]
    data = b"".join(struct.pack(">8sI", end._nonce, len(body) + more) + body for body in bodies)
    while data:
        data = data[os.write(end._writing, data):]

def error_in(path):
    alone = {"type": ["os", "system"], "base": "OSError", "text": "forged", "notes": None, "suppress": False}
    frame = [path, "f", "f", 1, 1, [], "os", False, {}, False]
    return {"exceptions": [{**alone, "frames": [frame], "cause": None, "context": None, "members": []}]}

def new_pipe():
    path = os.path.abspath(f"pipe-{os.getpid()}")
    os.mkfifo(path)
    return path

FACTS = {"started": 1, "duration": 1, "methods": [], "warned": []}
LIE = ["outcome", "success", None], ["end", FACTS], ["ready", [], 2], ["finished", {"changes": [], "warned": []}]
"""


@large
class ForgedFramesTest(HostileCase):
    modes = ("alone", "grouped", "shared")
    cases: ClassVar = {
        "unknown": "say(['nonsense', 1])",
        "exited": "say(['exited', []])",
        "died": "say(['died', 'forged', 1.0, 1.0])",
        "output": "say(['output', 'out', 'forged'])",
        "worker": "say(['worker', 99])",
        "verdict": "say(['fixture', 'setUpClass (x)', 'isolation', 'forged'])",
        "exception": "say(['outcome', 'error', {'exceptions': [{}]}])",
        "nothing": "say(['outcome', 'error', None])",
        "no_number": "say(['end', {**FACTS, 'duration': float('nan')}])",
        "ready": "say(['ready', [], 1])",
        "ended": "say(['end', FACTS])",
        "finished": "say(['finished', {'changes': [], 'warned': []}])",
        "lie": "say(*LIE)",
        "many": "say(*[['written', 0, 0]] * 1000, ['copy', 'x'])",
        "deep": "say(body=b'[\"a\",' + b'[' * 100_000 + b']' * 100_000 + b']')",
        "huge": "say(body=b'[', more=2 ** 31)",
        "device": "say(['outcome', 'error', error_in('/dev/zero')])",
        "pipe": "say(['outcome', 'error', error_in(new_pipe())])",
        "warning": "say(['warning', 'forged', ['os', 'system'], new_pipe(), 1, None])",
        "another": "say(['begin', 'another.test', 1.0])",
    }

    @classmethod
    def start(cls, mode):
        text = _SAY + module_of(cls.cases, mode, timeout=cls.timeout)
        if mode == "shared":
            return start_hermetic(text.replace(f"@isolated(timeout={cls.timeout})\n", ""), "-j", "2")
        return start_hermetic(text)

    def test_the_runs_are_contained(self):
        self.assert_contained()

    def test_frames_of_no_worker_s_are_errors_that_say_so(self):
        for name in ("unknown", "exited", "died", "output", "worker"):
            self.assert_error(name, "invalid data in hermetic's channel: a frame of unknown kind")

    def test_arguments_of_no_worker_s_are_errors_that_say_so(self):
        for name in ("verdict", "exception", "nothing", "no_number", "many"):
            self.assert_error(name, "invalid data in hermetic's channel: .* with wrong arguments")

    def test_frames_that_come_too_early_or_twice_are_errors_that_say_so(self):
        for name in ("ready", "ended", "finished"):
            self.assert_error(name, "invalid data in hermetic's channel: .* that came too early or twice")

    def test_who_lies_to_the_end_breaks_the_channel_of_whoever_comes_next(self):
        for run in self.runs.values():
            found = [text for name, text in run.sections.items() if name.startswith("Case_lie.")]
            self.assertEqual(1, len(found))
            self.assertRegex(found[0], "invalid data in hermetic's channel: .* that came too early or twice; the test")

    def test_bodies_that_are_none_are_errors_that_say_so(self):
        for name in ("deep", "huge"):
            self.assert_error(name, "invalid data in hermetic's channel: ")

    def test_no_file_is_opened_that_is_none_of_source(self):
        for name in ("device", "pipe"):
            self.assert_error(name, "system: forged")

    def test_what_a_frame_may_say_is_believed(self):
        self.assert_passes("warning", "another")
