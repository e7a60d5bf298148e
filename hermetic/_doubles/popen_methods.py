"""The methods of ``subprocess.Popen`` for doubled children: start one on the real pipes, wait for it, send a signal."""

from __future__ import annotations

import functools
import inspect
import itertools
import os
import subprocess
import sys
import weakref

from .._base.errors import UnmockedInteractionError
from .._operations import callsite
from .._stdlib import subprocess_internals
from .._verdicts import faults
from . import child_streams
from .active_doubles import doubles
from .command_calls import CommandCall, check_surroundings, encoded
from .program_child import ProgramChild
from .scripted_child import ScriptedChild

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .doubled_child import Child
    from .expectations import Expectation

_SIGKILL = 9  # Windows has no name for it
_next_pid = itertools.count(2**22 + 1).__next__  # above all that Linux, macOS and the BSDs give out

# What the real Popen raises for arguments that are no command, too.
_WRONG_ARGUMENTS = (TypeError, ValueError, IndexError)


def _starting(original: Any) -> Any:
    names = list(inspect.signature(original).parameters)[1:]

    def decide(popen: Any, *values: Any) -> Callable[[], None] | None:
        double = doubles.answering()
        if double is None:
            return None
        given = dict(zip(names, values, strict=True))
        call = CommandCall(popen, given)
        try:
            _check_asyncio()
            expectation = double.answer(call)
        except Exception as error:  # noqa: BLE001 - a predicate of the user's may raise anything, and that counts
            return functools.partial(_raise, double.refused(error))
        if expectation is None:
            return functools.partial(_let_through, original, popen, *given.values())
        on_end = functools.partial(double.failure_at_end, call, expectation)
        return functools.partial(_start, popen, call, expectation, given, on_end)

    return faults.entrance(original, decide, *_WRONG_ARGUMENTS, is_traced=True)


def _raise(error: BaseException) -> Any:
    raise error


def _let_through(original: Any, *args: Any) -> None:
    with doubles.letting_through():
        original(*args)


def _check_asyncio() -> None:
    """Refuse a start by an asyncio that was imported within the block: its own loop would look for a process."""
    if "asyncio.unix_events" in sys.modules and callsite.is_inside("asyncio.unix_events"):
        start = vars(subprocess_internals.selector_event_loop())[subprocess_internals.ASYNCIO_START]
        if not hasattr(start, "hermetic_double"):
            raise RuntimeError("asyncio was imported while a double was active: import it before the block")


def _start(popen: Any, call: CommandCall, expectation: Expectation, given: dict[str, Any], on_end: Any) -> None:
    if expectation.answer.raises is not None:
        raise expectation.answer.raises
    check_surroundings(call, needs_folder="cwd" not in expectation.wanted)
    call.child = popen.hermetic_child = _make_child(call, expectation, given, on_end)
    call.popen = weakref.ref(popen)
    ends = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
    subprocess_internals.child_was_started(popen, _next_pid(), [given[name] for name in ends])
    if expectation.answer.duration:
        popen.stdout, popen.stderr = (child_streams.waiting(popen, stream) for stream in (popen.stdout, popen.stderr))
    for stream in (popen.stdout, popen.stderr):
        if stream is not None:
            stream.hermetic_child = call.child


def _make_child(call: CommandCall, expectation: Expectation, given: dict[str, Any], on_end: Any) -> Child:
    answer = expectation.answer
    outputs = {1: encoded(answer.stdout, call.encoding), 2: encoded(answer.stderr, call.encoding)}
    wanted = {1: given["c2pwrite"], 2: given["errwrite"]}
    if wanted[2] == wanted[1] != -1:  # stderr=STDOUT
        outputs = {1: outputs[1] + outputs[2]}
    files = {}
    if call.reads_pipe or (call.has_stdin and (answer.program or "input" in expectation.wanted)):
        files[0] = os.dup(given["p2cread"])
    for number, fd in wanted.items():
        is_pipe = given["c2pread" if number == 1 else "errread"] != -1
        if answer.program or outputs.get(number) or (answer.duration and is_pipe):
            files |= _own_file(number, fd)
    options = {"files": files, "returncode": answer.returncode, "duration": answer.duration, "on_end": on_end}
    if answer.program is None:
        return ScriptedChild(outputs, **options)
    return ProgramChild(answer.program, command=call.command, cwd=call.cwd, env=call.env, **options)


def _own_file(number: int, fd: int) -> dict[int, int]:
    """A file of the child's own; what is not redirected goes where the output of a real child would go."""
    try:
        return {number: os.dup(number if fd == -1 else fd)}
    except OSError:  # this process has closed its own
        return {}


def _polling(original: Any) -> Any:
    def decide(popen: Any, *_: Any, **__: Any) -> Callable[[], int | None] | None:
        child = vars(popen).get("hermetic_child")
        if child is None:
            return None
        if popen.returncode is None:
            popen.returncode = child.poll()
        return lambda: popen.returncode

    return faults.entrance(original, decide, is_traced=True)


def _waiting_for_end(original: Any) -> Any:
    def decide(popen: Any, timeout: float | None) -> Callable[[], int] | None:
        child = vars(popen).get("hermetic_child")
        if child is None:
            return None
        if popen.returncode is None:
            popen.returncode = child.wait(timeout)
        failure = child.take_failure()
        if failure is None and popen.returncode is None:
            failure = subprocess.TimeoutExpired(popen.args, timeout)  # type: ignore[arg-type]
        return functools.partial(_raise, failure) if failure is not None else lambda: popen.returncode

    return faults.entrance(original, decide, UnmockedInteractionError, is_traced=True)


def _sending(original: Any) -> Any:
    def decide(popen: Any, sig: int) -> Callable[[], None] | None:
        child = vars(popen).get("hermetic_child")
        if child is None:
            return None
        return functools.partial(child.send_signal, sig) if popen.poll() is None else _nothing

    return faults.entrance(original, decide, is_traced=True)


def _nothing() -> None:
    """Takes the place of sending a signal to a child that has ended."""


REPLACEMENTS = {
    subprocess_internals.POPEN_START: _starting,
    subprocess_internals.POPEN_POLL: _polling,
    subprocess_internals.POPEN_WAIT: _waiting_for_end,
    "send_signal": _sending,
}


def settle(calls: list[CommandCall]) -> None:
    """End the children that still run: their Popen objects outlive the double, and must not ask the system for them."""
    for call in calls:
        if call.child is not None and call.child.poll() is None:
            call.child.send_signal(_SIGKILL)
        popen = call.popen()
        if call.child is not None and popen is not None and popen.returncode is None:
            popen.returncode = call.child.returncode
