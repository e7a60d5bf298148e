"""Where a double stands: in the real ``subprocess.Popen``, in the place of what starts a child and waits for it.

    Popen._execute_child     match the call, and start a child that is none on the real pipes
    Popen._internal_poll, _wait, send_signal          ask that child
    subprocess._time, _PopenSelector                  live by its clock: a time-out takes no time
    asyncio's _make_subprocess_transport              the same, for the loops of asyncio
    os.system, shutil.which                           answered by name, and by code

All that is above them is the real module. They are replaced while there is a double, and put back after the last.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import io
import itertools
import os
import selectors
import shutil
import subprocess
import sys
import threading
import types
import weakref

from .._base.errors import ConflictError, UnmockedInteractionError
from .._guards import audit_hook, environment
from .._operations import callsite
from .._patches import installation
from .._stdlib import subprocess_internals
from .._verdicts import faults, scopes
from .command_calls import Call, check_surroundings, encoded
from .scripted_child import Child, ProgramChild, ScriptedChild, WaitingFile
from .virtual_clock import clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Protocol

    from .expectations import Expectation

    class Double(Protocol):
        """What answers: ``SubprocessMock``."""

        def answer(self, call: Call) -> Expectation | None: ...
        def answer_which(self, name: Any) -> Any: ...
        def failure_at_end(self, call: Call, expectation: Expectation, child: Child) -> BaseException | None: ...
        def refuse_route(self, event: str) -> None: ...
        def refused(self, error: BaseException) -> BaseException: ...


_SIGKILL = 9  # Windows has no name for it
_stack: list[Double] = []
_undo: list[Callable[[], None]] = []
_lock = threading.Lock()
_passing = threading.local()
_children: weakref.WeakKeyDictionary[Any, Child] = weakref.WeakKeyDictionary()  # by the parent's streams
_next_pid = itertools.count(2**22 + 1).__next__  # above all that Linux, macOS and the BSDs give out


def active() -> Double | None:
    """The double that answers; None if there is none, or for processes that hermetic starts on its own account."""
    return None if not _stack or scopes.is_unjudged() else _stack[-1]


def enter(double: Double) -> None:
    """Have a double answer from now on.

    Raises:
        ConflictError: somebody else has replaced what it stands in.
    """
    with _lock:
        _check_for_conflicts()
        if not _stack:
            installation.install()  # were it installed later, it would stand in our replacements, not below them
            _install()
        _stack.append(double)


def leave(double: Double) -> None:
    """The opposite.

    Raises:
        ConflictError: somebody has replaced what it stands in meanwhile, and not put it back.
    """
    with _lock:
        if double in _stack:
            _stack.remove(double)
        conflicts = []
        while not _stack and _undo:
            try:
                _undo.pop()()
            except ConflictError as error:
                conflicts.append(error)
    if conflicts:
        raise conflicts[0]


# --- installing ------------------------------------------------------------------------------------------------------


def _check_for_conflicts() -> None:
    if not isinstance(subprocess.Popen, type) or subprocess.Popen.__module__ != "subprocess":
        raise _conflict("subprocess.Popen", subprocess.Popen)
    functions = ("run", "call", "check_call", "check_output", "getoutput", "getstatusoutput")
    for holder, name, names, own in (
        (subprocess, "subprocess", functions, subprocess.list2cmdline),
        (subprocess.Popen, "subprocess.Popen", _METHODS, subprocess.list2cmdline),
        (shutil, "shutil", ("which",), shutil.copyfile),
        (os, "os", ("popen",), os.fsencode),
    ):
        for found in names:
            value = vars(holder)[found]
            # Ours are those of a double around this one.
            files = {function.__code__.co_filename for function in (own, _which, faults.entrance)}
            if not inspect.isfunction(value) or value.__code__.co_filename not in files:
                raise _conflict(f"{name}.{found}", value)
    if os.system is not _system and not _is_real_system(os.system):
        raise _conflict("os.system", os.system)


def _is_real_system(function: Any) -> bool:
    """Whether it is the original, or the guard's, which is known by its code: functools.wraps copies all but that."""
    if inspect.isfunction(function) and function.__code__ is environment.telling_by_own(function).__code__:
        function = inspect.unwrap(function)
    return inspect.isbuiltin(function)


def _conflict(name: str, value: object) -> ConflictError:
    return ConflictError(
        f"{name} is replaced already, by {value!r}: the double stands in the real module, so that one of the two must "
        f"go; stop the other patch first, or use it instead of hermetic.SubprocessMock"
    )


def _install() -> None:
    popen = subprocess.Popen
    for name, replacement in _METHODS.items():
        _replace(popen, name, replacement(vars(popen)[name]))
    _replace(subprocess, subprocess_internals.SUBPROCESS_CLOCK, clock.now)
    selector = subprocess_internals.SUBPROCESS_SELECTOR
    _replace(subprocess, selector, _waiting_selector(vars(subprocess)[selector]))
    _replace(os, "system", _system)
    _replace_which(shutil.which)
    if "asyncio" in sys.modules:
        from . import asyncio_seam  # loaded only where asyncio is

        loop, start = subprocess_internals.selector_event_loop(), subprocess_internals.ASYNCIO_START
        _replace(loop, start, asyncio_seam.replacement(vars(loop)[start], active))
    _watch_other_routes()


def _replace(holder: Any, name: str, replacement: Any) -> None:
    original = vars(holder)[name]

    def undo() -> None:
        if vars(holder)[name] is not replacement:
            raise _conflict(f"{holder.__name__}.{name}", vars(holder)[name])
        setattr(holder, name, original)

    setattr(holder, name, replacement)
    _undo.append(undo)


# --- Popen -----------------------------------------------------------------------------------------------------------


# What the real Popen raises for arguments that are no command, too.
_WRONG_ARGUMENTS = (TypeError, ValueError, IndexError)


def _starting(original: Any) -> Any:
    names = list(inspect.signature(original).parameters)[1:]

    def decide(popen: Any, *values: Any) -> Callable[[], None] | None:
        double = active()
        if double is None:
            return None
        given = dict(zip(names, values, strict=True))
        call = Call(popen, given)
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
    with _letting_through():
        original(*args)


def _check_asyncio() -> None:
    """Refuse what asyncio starts if it was imported within the block: its own loop would look for a process."""
    if "asyncio.unix_events" in sys.modules and callsite.is_inside("asyncio.unix_events"):
        start = vars(subprocess_internals.selector_event_loop())[subprocess_internals.ASYNCIO_START]
        if not hasattr(start, "hermetic_double"):
            raise RuntimeError("asyncio was imported while a double was active: import it before the block")


def _start(popen: Any, call: Call, expectation: Expectation, given: dict[str, Any], on_end: Any) -> None:
    if expectation.answer.raises is not None:
        raise expectation.answer.raises
    check_surroundings(call, needs_folder="cwd" not in expectation.wanted)
    call.child = popen.hermetic_child = _make_child(call, expectation, given, on_end)
    call.popen = weakref.ref(popen)
    ends = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
    subprocess_internals.child_was_started(popen, _next_pid(), [given[name] for name in ends])
    if expectation.answer.duration:
        popen.stdout, popen.stderr = (_waiting(popen, stream) for stream in (popen.stdout, popen.stderr))
    for stream in (popen.stdout, popen.stderr):
        if stream is not None:
            _children[stream] = call.child


def _make_child(call: Call, expectation: Expectation, given: dict[str, Any], on_end: Any) -> Child:
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
    options = {
        "files": files,
        "returncode": answer.returncode,
        "duration": answer.duration,
        "on_end": on_end,
    }
    if answer.program is None:
        return ScriptedChild(outputs, **options)
    return ProgramChild(answer.program, command=call.command, cwd=call.cwd, env=call.env, **options)


def _own_file(number: int, fd: int) -> dict[int, int]:
    """A file of the child's own; what is not redirected goes where the output of a real child would go."""
    try:
        return {number: os.dup(number if fd == -1 else fd)}
    except OSError:  # this process has its own closed
        return {}


def _waiting(popen: Any, stream: Any) -> Any:
    """A stream like the one that Popen has made, whose readers make virtual time pass."""
    if stream is None:
        return None
    raw = stream
    while hasattr(raw, "detach"):
        raw = raw.detach()
    waiting: Any = WaitingFile(os.dup(raw.fileno()), popen.hermetic_child)
    raw.close()
    if isinstance(stream, (io.BufferedReader, io.TextIOWrapper)):
        waiting = io.BufferedReader(waiting)
    if isinstance(stream, io.TextIOWrapper):
        waiting = io.TextIOWrapper(waiting, encoding=popen.encoding, errors=popen.errors)
    return waiting


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
    """Stands for a signal to a child that has ended."""


_METHODS = {
    subprocess_internals.POPEN_START: _starting,
    subprocess_internals.POPEN_POLL: _polling,
    subprocess_internals.POPEN_WAIT: _waiting_for_end,
    "send_signal": _sending,
}


def settle(calls: list[Call]) -> None:
    """End the children that still run: their Popen objects outlive the double, and must not ask the system for them."""
    for call in calls:
        if call.child is not None and call.child.poll() is None:
            call.child.send_signal(_SIGKILL)
        popen = call.popen()
        if call.child is not None and popen is not None and popen.returncode is None:
            popen.returncode = call.child.returncode


def _waiting_selector(base: Any) -> Any:
    class WaitingSelector(base):  # type: ignore[misc]
        """Waits for a doubled child in virtual time."""

        def select(self, timeout: float | None = None) -> Any:
            keys = list(self.get_map().values())
            ready = super().select(0)
            sleeping = [child for child in (_children.get(key.fileobj) for key in keys) if child and child.is_asleep]
            if ready or not sleeping or any(key.events & selectors.EVENT_WRITE for key in keys):
                return ready or super().select(timeout)
            sleeping[0].wait(timeout)
            return super().select(0)

    return WaitingSelector


# --- os.system, shutil.which, and what no double answers -------------------------------------------------------------


@contextlib.contextmanager
def _letting_through() -> Iterator[None]:
    """A stretch in which this thread may start real children: those that ``allow`` lets through."""
    _passing.depth = getattr(_passing, "depth", 0) + 1
    try:
        yield
    finally:
        _passing.depth -= 1


def _system(command: Any) -> int:
    """``os.system``, with its wait status."""
    with subprocess.Popen(os.fsencode(command), shell=True) as popen:  # noqa: S602 - as os.system does
        code = popen.wait()
    return -code if code < 0 else code << 8


def _which(cmd: Any, mode: int = 0, path: Any = None, *, _answer: Any = None) -> Any:
    # Its code takes the place of that of shutil.which, whose globals it then has: names bound early are answered too.
    return _answer(cmd, mode, path)


def _replace_which(which: Any) -> None:
    original = types.FunctionType(which.__code__, which.__globals__)

    def answer(cmd: Any, mode: int, path: Any) -> Any:
        double = active()
        return original(cmd, mode, path) if double is None else double.answer_which(cmd)

    def undo() -> None:
        which.__code__ = original.__code__
        which.__kwdefaults__ = None

    which.__kwdefaults__ = {"_answer": answer}
    which.__code__ = _which.__code__
    _undo.append(undo)


_OTHER_ROUTES = ("os.system", "os.posix_spawn", "os.fork", "os.forkpty", "os.exec")


@functools.cache
def _watch_other_routes() -> None:
    """Refuse processes that are started past the subprocess module. Listeners stay, so there is one for each event."""
    for event in _OTHER_ROUTES:
        refuse = functools.partial(_refuse_route, event)
        audit_hook.register(event, faults.shielded(refuse, UnmockedInteractionError))


def _refuse_route(event: str, _: tuple[Any, ...]) -> None:
    double = None if getattr(_passing, "depth", 0) else active()
    if double is not None and not callsite.is_inside("multiprocessing.popen_fork"):  # which is the guard's business
        double.refuse_route(event)
