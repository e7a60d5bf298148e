"""The methods of ``subprocess.Popen`` for doubled children: start one on the real pipes, wait for it, send a signal."""

from __future__ import annotations

import functools
import inspect
import itertools
import os
import signal
import subprocess
import sys
import weakref

from .._base import features
from .._base.errors import UnmockedInteractionError
from .._isolation import windows_processes
from .._operations import callsite
from .._stdlib import subprocess_internals, windows_files
from .._verdicts import faults
from . import child_streams, communication
from .active_doubles import doubles
from .command_calls import CommandCall, check_surroundings
from .doubled_child import CONSOLE_EVENTS
from .program_child import ProgramChild
from .scripted_child import ScriptedChild, ThreadedChild

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .doubled_child import Child
    from .expectations import Expectation

_SIGKILL = 9  # Windows has no name for it
_next_pid = itertools.count(2**28 + 1).__next__  # above all that Linux, macOS, the BSDs and Windows give out

# What the real Popen raises for arguments that are no command, too.
_WRONG_ARGUMENTS = (TypeError, ValueError, IndexError, AssertionError)


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
    loops = subprocess_internals.ASYNCIO_LOOPS
    if loops in sys.modules and callsite.is_inside(loops):
        start = vars(subprocess_internals.event_loop())[subprocess_internals.ASYNCIO_START]
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
    outputs = {1: call.encoded(answer.stdout), 2: call.encoded(answer.stderr)}
    wanted = {1: given["c2pwrite"], 2: given["errwrite"]}
    if -1 not in wanted.values() and _are_same(*wanted.values()):  # stderr=STDOUT
        outputs = {1: outputs[1] + outputs[2]}
    files: dict[int, int] = {}
    if call.reads_pipe or (call.has_stdin and (answer.program or "input" in expectation.wanted)):
        files |= _own_file(0, given["p2cread"])
    new_pipes = {number for number, end in ((1, "c2pread"), (2, "errread")) if given[end] != -1}
    for number, fd in wanted.items():
        is_pipe = number in new_pipes or number in call.asyncio_pipes
        if answer.program or outputs.get(number) or (answer.duration and is_pipe):
            files |= _own_file(number, fd)
    options = {"files": files, "returncode": answer.returncode, "duration": answer.duration, "on_end": on_end}
    if answer.program is not None:
        return ProgramChild(answer.program, command=call.command, cwd=call.cwd, env=call.env, **options)
    return (
        ThreadedChild(outputs, new_pipes=new_pipes, **options)
        if features.WINDOWS
        else ScriptedChild(outputs, **options)
    )


def _are_same(file: int, other: int) -> bool:
    return windows_processes.are_same(file, other) if features.WINDOWS else file == other


def _own_file(number: int, file: int) -> dict[int, int]:
    """A file of the child's own; what is not redirected goes where the output of a real child would go.

    Args:
        file: a descriptor, or a handle on Windows; -1 for none.
    """
    try:
        is_handle = features.WINDOWS and file != -1
        return {number: windows_files.own_file(file) if is_handle else os.dup(number if file == -1 else file)}
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
        if popen.poll() is not None:
            return _nothing
        is_ours = not features.WINDOWS or sig in CONSOLE_EVENTS
        return functools.partial(child.send_signal, sig) if is_ours else None

    return faults.entrance(original, decide, is_traced=True)


def _terminating(original: Any) -> Any:
    def decide(popen: Any) -> Callable[[], None] | None:
        child = vars(popen).get("hermetic_child")
        return None if child is None else functools.partial(child.send_signal, signal.SIGTERM)

    return faults.entrance(original, decide, is_traced=True)


def _nothing() -> None:
    """Takes the place of sending a signal to a child that has ended."""


REPLACEMENTS = {
    subprocess_internals.POPEN_START: _starting,
    subprocess_internals.POPEN_POLL: _polling,
    subprocess_internals.POPEN_WAIT: _waiting_for_end,
    "send_signal": _sending,
}
if features.WINDOWS:  # where ending a process is no signal, and threads communicate with it
    REPLACEMENTS |= {
        "terminate": _terminating,
        "kill": _terminating,
        subprocess_internals.POPEN_COMMUNICATE: communication.communicating,
    }


def settle(calls: list[CommandCall]) -> None:
    """End the children that still run: their Popen objects outlive the double, and must not ask the system for them."""
    for call in calls:
        if call.child is not None and call.child.poll() is None:
            call.child.send_signal(_SIGKILL)
        popen = call.popen()
        if call.child is not None and popen is not None and popen.returncode is None:
            popen.returncode = call.child.returncode
