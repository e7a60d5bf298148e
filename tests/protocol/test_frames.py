"""Frames that are damaged, repeated, out of order, or of the wrong type do not confuse the run.

Whatever comes, the process of the run tells of the test that was asked for, and of nothing else; and it goes on.
"""

from __future__ import annotations

import builtins
import contextlib
import copy
import io
import json
import unittest
from unittest import mock

import hermetic
from hermetic import HermeticTestCase, medium
from hermetic._base import records
from hermetic._isolation.output import WorkerFolder
from hermetic._isolation.worker_link import Worker
from hermetic._protocol import frames, portable_errors
from hermetic._protocol.framing import ProtocolError, pack
from hermetic._studies import trials
from hermetic._verdicts import scopes
from hermetic._workers import replay, teardown_reports
from support.properties import given, st

GROUPS = [builtins.ExceptionGroup] if hasattr(builtins, "ExceptionGroup") else []  # from 3.11 on
NONCE = b"\x00nonce\xff\n"


class Own(Exception):
    pass


def described(error: BaseException, cause: BaseException | None = None) -> dict[str, object]:
    """What a worker tells of an exception, as it arrives."""
    try:
        raise error from cause
    except type(error) as raised:
        return json.loads(json.dumps(portable_errors.describe_error(raised, with_locals=True)))


def violation(kind: str = "network", code: str = "H001") -> dict[str, object]:
    """What a worker tells of a violation."""
    operation = records.Operation(kind, "connect", "203.0.113.7:443", "socket.connect", host="203.0.113.7")
    site = records.CallSite("/nowhere/net.py", 7, "fetch", "net", "connect()", "net.connect")
    fields = {"code": code, "size": "small", "test": "a.b.c"}
    return {**fields, "operation": operation._asdict(), "site": site._asdict()}


def violation_described() -> dict[str, object]:
    found = described(ValueError("[H001] it did"))
    found["exceptions"][0]["violation"] = violation()
    return found


def syntax_error() -> SyntaxError:
    try:
        compile("1 +", "x.py", "exec")
    except SyntaxError as error:
        return error
    raise AssertionError


EXCEPTIONS = [
    described(Own("é\ud800")),
    described(KeyError("k"), ValueError("v")),
    described(syntax_error()),
    violation_described(),
    *(described(group("g", [Own("1"), group("h", [Own("2")])])) for group in GROUPS),
]
FACTS = {"started": 1.7e9, "duration": 0.25, "methods": ["fork"], "warned": [violation()]}
LEAST = [["begin", "a.b.c", 1.0], ["outcome", "success", None], ["end", FACTS], ["ready", [], 1]]
VALID = [
    ["started"],
    *LEAST,
    *(["outcome", verdict, error] for error in EXCEPTIONS for verdict in ("error", "failure", "expected_failure")),
    ["outcome", "skip", "why"],
    ["outcome", "unexpected_success", None],
    ["outcome", "subtest", ["success", None, None, {"i": "1"}]],
    ["outcome", "subtest", ["error", EXCEPTIONS[0], "message", {}]],
    ["outcome", "subtest", ["skip", "why", "message", {}]],
    ["fixture", "setUpClass (a.B)", "error", EXCEPTIONS[0]],
    ["fixture", "setUpClass (a.B)", "skip", "why"],
    ["fixture", "another object", "success", None],
    ["fixture", "another object", "unexpected_success", None],
    ["unbegun", "setUpClass (a.B)", "error", EXCEPTIONS[0]],
    ["broken", EXCEPTIONS[0]],
    ["warning", "text", ["builtins", "UserWarning"], "/nowhere/x.py", 3, None],
    ["copy", "a.b.c", "success"],
    ["leaks", "what", ["changed: it"]],
    ["host", "report", ["dict", []]],
    ["buffer"],
    ["release"],
    ["written", 0, 0],
    ["full"],
    ["finished", {"changes": [], "warned": [violation()]}],
]
FORBIDDEN = [
    ["exited", []],
    ["died", "x", 1.0, 1.0],
    ["output", "out", "x"],
    ["worker", 1],
    ["idle"],
    ["finish"],
    ["error", {}],
]


def is_accepted(frame: list[object]) -> bool:
    return frame[0] in frames.KINDS and frames.KINDS[frame[0]](frame[1:])


class TableTest(HermeticTestCase):
    def test_every_frame_that_workers_send_is_accepted(self):
        for frame in VALID:
            with self.subTest(frame[0]):
                self.assertTrue(is_accepted(frame), frame)
        self.assertEqual({frame[0] for frame in VALID}, set(frames.KINDS))

    def test_what_the_supervisor_and_the_pool_say_is_said_by_no_worker(self):
        for frame in FORBIDDEN:
            with self.subTest(frame[0]), self.assertRaisesRegex(ProtocolError, "of unknown kind"):
                frames.Conversation().check(frame)

    def test_handlers_take_every_frame_and_others_are_errors(self):
        from_others = [["worker", 1], ["output", "out", "x"], ["died", "x", 1.0, 1.0], ["exited", []]]
        for frame in [*VALID, *from_others]:
            with self.subTest(frame[0]):
                frames.FrameHandler().take(frame)
        for frame in (["error", {}], ["finish"], ["idle"]):
            with self.subTest(frame[0]), self.assertRaisesRegex(ProtocolError, "no method takes frames of kind"):
                frames.FrameHandler().take(frame)

    def test_handlers_have_methods_for_kinds_of_frames_alone(self):
        handlers, kinds = [*frames.FrameHandler.__subclasses__()], {*frames.KINDS, *frames.OTHER_KINDS}
        for cls in handlers:
            handlers += cls.__subclasses__()
            methods = {name.removeprefix("on_") for name in vars(cls) if name.startswith("on_")}
            self.assertEqual(methods - kinds, set(), cls)

    def test_an_argument_less_or_more_makes_it_another_frame(self):
        for frame in VALID:
            with self.subTest(frame[0]):
                self.assertFalse(is_accepted([*frame, None]))
                self.assertFalse(len(frame) > 1 and is_accepted(frame[:-1]))

    def test_numbers_that_are_none_are_refused(self):
        for number in (float("nan"), float("inf"), -float("inf"), 10**400, True, "1", None):
            with self.subTest(number):
                self.assertFalse(is_accepted(["end", {**FACTS, "duration": number}]))

    def test_odd_exceptions_of_honest_tests_are_accepted(self):
        odd = ValueError("v")
        odd.__notes__ = [1, None, "n"] * 100
        large = SyntaxError("s", ("f", 10**12, 10**12, "text"))
        own = type("NoName", (OSError,), {"__module__": None, "__str__": lambda _: 1 / 0})()
        for error in (odd, large, own, SyntaxError(1, (2, 3, 4, 5)), KeyboardInterrupt(), Own(Own, 10**400)):
            with self.subTest(type(error)):
                self.assertTrue(is_accepted(["broken", described(error)]))

    def test_an_exception_is_refused_that_belongs_to_itself_or_to_none(self):
        for name, value in (("cause", 5), ("context", -1), ("members", [0]), ("members", [7]), ("cause", True)):
            error = copy.deepcopy(EXCEPTIONS[0])
            error["exceptions"][0][name] = value
            with self.subTest(name=name, value=value):
                self.assertFalse(is_accepted(["broken", error]))
        self.assertFalse(is_accepted(["broken", {"exceptions": []}]))

    def test_a_violation_is_refused_that_could_not_be_shown(self):
        for name, value in (("code", "H999"), ("size", 1), ("operation", []), ("site", None), ("more", 1)):
            with self.subTest(name):
                self.assertFalse(is_accepted(["end", {**FACTS, "warned": [{**violation(), name: value}]}]))
        self.assertFalse(is_accepted(["end", {**FACTS, "warned": [violation("nothing")]}]))


class OrderTest(HermeticTestCase):
    def talk(self, *kinds: str, asked: tuple[str, ...] = ("run", "finish")) -> None:
        conversation = frames.Conversation()
        conversation.ask([[request] for request in asked])
        by_kind = {frame[0]: frame for frame in [*reversed(VALID)]}
        for kind in kinds:
            conversation.check(["ready", [], int(kind[5:])] if kind.startswith("ready") else by_kind[kind])

    def test_what_a_worker_tells_of_a_test_is_accepted_in_that_order(self):
        self.talk("begin", "outcome", "end", "ready1", "finished")
        self.talk("fixture", "unbegun", "ready1", "finished")
        self.talk("begin", "outcome", "begin", "outcome", "end", "ready1", "ready2", asked=("run", "run"))

    def test_what_comes_too_early_or_twice_is_refused(self):
        for kinds in (
            "ready2", "ready0", "begin ready1", "ready1 ready1", "ready1 ready2", "end", "begin end end", "finished",
            "begin finished", "begin end ready1 finished finished", "ready1 finished warning", "begin end ready1 end",
        ):  # fmt: skip
            with self.subTest(kinds), self.assertRaisesRegex(ProtocolError, "came too early or twice"):
                self.talk(*kinds.split())

    def test_nobody_finishes_who_was_not_asked_to(self):
        with self.assertRaises(ProtocolError):
            self.talk("ready1", "finished", asked=("run",))

    def test_an_answer_has_an_end(self):
        conversation = frames.Conversation()
        with self.assertRaisesRegex(ProtocolError, "more than 256000000 bytes"):
            for _ in range(300):
                conversation.count(1_000_000)


class Link:
    """The way to a worker that has sent this, and has exited."""

    def __init__(self, data: bytes, step: int = 500_000) -> None:
        self._pieces = [data[at : at + step] for at in range(0, len(data), step)]
        self.is_killed = False

    def send(self, _) -> None:
        pass

    def receive(self, _) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""

    def ended(self):
        return (-9 if self.is_killed else 0), []

    def signal(self, _) -> None:
        self.is_killed = True

    def close(self) -> None:
        pass


class FakeFolder(WorkerFolder):
    """A folder on no disk: it has no output."""

    def __init__(self) -> None:
        self.output = mock.Mock(**{"read.return_value": [], "make_room.return_value": [], "sizes.return_value": [0, 0]})
        self.output.stacks.read_end.return_value = ""

    def leftovers(self) -> list[str]:
        return []

    def remove(self) -> None:
        pass


def answers(data: bytes, requests: list[list[object]], step: int = 500_000) -> list[list[object]]:
    """What a supervisor makes of what a worker has sent."""
    worker = Worker(Link(data, step), FakeFolder(), NONCE, FakeFolder.remove)
    return [*worker.perform(requests, timeout=60.0, what="it")]


@mock.patch.multiple(scopes.running, warned=[])
@mock.patch.multiple(scopes.running, start_methods=[])
def replayed(told: list[list[object]], result: unittest.TestResult) -> None:
    """Tell a result of them, and all else that takes frames."""
    subject, silent = new_subject(), io.StringIO()
    last = trials.LastTest(0, subject.id())
    with contextlib.redirect_stdout(silent), contextlib.redirect_stderr(silent):
        replay.Replay(subject, result, "").run(told)
        teardown_reports.Ending("the group", subject, None, is_over=True).run(told, set())
        for frame in told:
            last.take(frame)
        last.outcome(1.0)
        result.printErrors()


def new_subject() -> unittest.TestCase:
    """A test that runs nowhere: workers tell of it."""
    return type("Subject", (unittest.TestCase,), {"__module__": "a", "test_it": None})("test_it")


def new_result() -> unittest.TextTestResult:
    return hermetic.TestResult(unittest.runner._WritelnDecorator(io.StringIO()), True, 2)


class AnswerTest(HermeticTestCase):
    def worker(self, *sent, junk=b""):
        data = b"".join(pack(NONCE, frame) for frame in sent)
        return Worker(Link(data + junk), FakeFolder(), NONCE, FakeFolder.remove)

    def test_frames_before_junk_hold_and_the_test_after_them_is_to_blame(self):
        worker = self.worker(*LEAST, ["begin", "a.b.d", 1.0], junk=b"junk")
        told = [*worker.perform([["run"], ["run"]], timeout=60.0, what="it")]
        self.assertEqual([*LEAST, ["begin", "a.b.d", 1.0]], told[:-1])
        self.assertRegex(told[-1][1], "invalid data in hermetic's channel: .* the test, or an earlier one")

    def test_what_comes_after_the_last_answer_is_for_the_next_time(self):
        late = ["warning", "of a thread", ["builtins", "UserWarning"], "x.py", 1, None]
        worker = self.worker(*LEAST, late, *LEAST[:3], ["ready", [], 2])
        self.assertEqual(LEAST, [*worker.perform([["run"]], timeout=60.0, what="it")])
        self.assertEqual(late, next(worker.perform([["run"]], timeout=60.0, what="it")))

    def test_a_ready_that_was_told_before_is_an_error_of_the_next_test(self):
        worker = self.worker(*LEAST, LEAST[3])
        self.assertEqual(LEAST, [*worker.perform([["run"]], timeout=60.0, what="it")])
        told = [*worker.perform([["run"]], timeout=60.0, what="it")]
        self.assertEqual(["died"], [frame[0] for frame in told])

    def test_a_worker_that_sends_without_end_is_ended(self):
        worker = self.worker(LEAST[0])
        with mock.patch.object(frames, "MAX_ANSWER_BYTES", 10):
            told = [*worker.perform([["run"]], timeout=60.0, what="it")]
        self.assertRegex(told[0][1], "more than 10 bytes for one test")
        self.assertTrue(worker.has_ended)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)
# What the table lets stand in the place of a thing of its type, and whoever reads it may stumble over.
ODD = {
    str: ["", "\0", "\ud800", "builtins", "a.b", "KeyboardInterrupt", "ExceptionGroup", "SyntaxError", "/dev/zero"],
    int: [-1, 0, 1, 2, 10**7, 2**31 - 1, -(2**31), 2**63],
    float: [-1.0, 1e300, float("nan")],
    list: [[], [None], [0], [1, 1, 1, 1], [3, 2, 1, 0], [-1, -1, -1, -1], ["x"]],
    dict: [{}, {"shown": "x"}, {"exceptions": []}],
    type(None): ["", 0, 1, ["x"], {"shown": "x"}],
}


def places_in(value: object) -> list[tuple[object, object]]:
    """Every place in plain data that holds something: the list or dictionary, and its index or key."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, inner in items for place in [(value, key), *places_in(inner)]]


def changed(case: tuple[list[object], list[tuple[int, int, object]]]) -> list[object]:
    """A frame in which other things stand in some places."""
    frame = copy.deepcopy(case[0])
    for number, odd, thing in case[1]:
        places = [place for place in places_in(frame) if place != (frame, 0)]
        if places:
            holder, key = places[number % len(places)]
            choice = ODD.get(type(holder[key]), [thing])
            holder[key] = copy.deepcopy(choice[odd % len(choice)] if odd else thing)
    return frame


NUMBERS = st.integers(0, 10_000)
CHANGES = st.lists(st.tuples(NUMBERS, st.integers(0, 12), ANYTHING), max_size=3)
SENT = st.integers(0, len(VALID) - 1).map(lambda number: VALID[number])  # short in reports of failures
CHANGED = st.tuples(SENT, CHANGES).map(changed)
STREAMS = st.lists(SENT | CHANGED | st.sampled_from(LEAST) | st.sampled_from(FORBIDDEN), max_size=12)


@medium  # it stats files
class ReplayPropertiesTest(HermeticTestCase):
    @given(CHANGED)
    def test_what_the_table_lets_pass_can_be_told(self, frame):
        if is_accepted(frame):
            replayed([["begin", "a", 1.0], frame], new_result())

    @given(SENT, ANYTHING)
    def test_other_frames_are_refused_and_never_more_than_that(self, frame, thing):
        with contextlib.suppress(ProtocolError):
            frames.Conversation().check([frame[0], thing])

    @given(STREAMS, st.integers(1, 5000), st.booleans())
    def test_whatever_comes_is_one_answer(self, sent, step, is_alone):
        requests = [["run", {}, {}], *([["finish"]] if is_alone else [])]
        told = answers(b"".join(pack(NONCE, frame) for frame in sent), requests, step)
        kinds = [frame[0] for frame in told]
        self.assertIn(kinds[-1], ("died", "exited") if is_alone else ("died", "ready"))
        self.assertEqual([], [kind for kind in kinds[:-1] if kind in ("died", "exited", "worker")])
        result = new_result()
        replayed(told, result)
        if kinds[-1] == "died":
            self.assertTrue(result.errors, told)

    @given(STREAMS, st.data())
    def test_a_stream_that_is_cut_or_damaged_anywhere_is_one_error(self, sent, data):
        whole = bytearray(b"".join(pack(NONCE, frame) for frame in [*LEAST[:3], *sent]))
        at = data.draw(st.integers(0, len(whole) - 1))
        if data.draw(st.booleans()):
            del whole[at:]
        else:
            whole[at] ^= data.draw(st.integers(1, 255))
        told = answers(bytes(whole), [["run", {}, {}], ["finish"]])
        result = new_result()
        replayed(told, result)
        self.assertTrue(told[-1][0] == "exited" or result.errors)
