"""SubprocessMock: scripts the commands that a test may run, refuses all others, and checks that they were run."""

from __future__ import annotations

import errno
import os

from .._base import real
from .._base.errors import HermeticError, UnassertedInteractionsError, UnmockedInteractionError, UnusedMocksError
from .._operations import callsite
from .._verdicts import findings, reported_exceptions, scopes
from .._verdicts.faults import RefusedQuietly
from . import interactions, texts
from .expectations import Answer, Expectation, Queue, checked_times, wanted_fields
from .interactions import Interaction, RecordedCalls
from .patterns import CommandPattern, as_written

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Any

    from .command_calls import CommandCall
    from .doubled_child import Child
    from .program_child import ChildProcess

__unittest = True  # keeps our frames out of unittest's tracebacks


class SubprocessMock(RecordedCalls):
    """A strict double of the subprocess module, as a ``with`` block under any runner.

    Commands run in the order in which they are scripted, and every other command is refused. The double answers
    ``subprocess``, ``os.system``, ``os.popen`` and asyncio's subprocesses, however they were imported. Everything
    except the child process is the real module. The double is active in the whole process. In nested blocks, the
    innermost double answers.

    Args:
        any_order: whether commands may run in any order.
        strict: whether the test must assert each interaction before the end of the block.

    Attributes:
        name: the double's name in messages.
        any_order: the argument; it may change at any time.
        strict: the argument; it may change at any time.
        run: the source of commands for ``assert_interaction``.
        which: the source of ``shutil.which`` look-ups for ``assert_interaction``.
    """

    def __init__(self, *, any_order: bool = False, strict: bool = False) -> None:
        super().__init__()
        self.strict = strict
        self._queue = Queue(any_order=any_order)
        self._allowed: list[CommandPattern] = []
        self._which: dict[str, interactions.WhichAnswer] = {}
        self._refusals: list[BaseException] = []
        self._lock = real.new_recursive_lock()

    @property
    def any_order(self) -> bool:
        return self._queue.any_order

    @any_order.setter
    def any_order(self, value: bool) -> None:
        self._queue.any_order = value

    def mock_run(
        self,
        command: Any,
        *,
        returncode: int = 0,
        stdout: str | bytes = "",
        stderr: str | bytes = "",
        raises: type[BaseException] | BaseException | None = None,
        required: bool = True,
        input: Any = ...,  # noqa: A002 - the word of subprocess.run
        cwd: Any = ...,
        env: Mapping[str, Any] | Any = ...,
        shell: Any = ...,
        times: int | None = 1,
        duration: float = 0,
        side_effect: Callable[[ChildProcess], int | None] | type[BaseException] | BaseException | None = None,
    ) -> Expectation:
        """Script a command, and what its child does.

        Where ``...`` is the default, the argument is not compared. ``input``, ``cwd``, ``env`` and its values may also
        be compiled patterns or predicates.

        Args:
            command: a list of arguments, or a string, which matches a command that is passed as a string, or what
                ``["/bin/sh", "-c", ...]`` (on Windows ``["cmd", "/c", ...]``) runs. On Windows, a list and the command
                line that it makes are the same command. An element of the list is a string, bytes, a path,
                ``mock.ANY``, a compiled pattern (it must match the whole argument) or a predicate. A final ``...``
                matches any further arguments, and ``...`` instead of the list matches any command.
            returncode: the exit code, 0 to 255, or the negative number of a signal; on Windows, 0 to 4294967295.
            stdout: what the child writes; text is encoded in the way that the caller decodes it.
            stderr: what the child writes to standard error.
            raises: an exception that is raised where starting a real child would raise.
            required: whether the command must run. If it need not, it is skipped when another command runs.
            input: all the input that the child gets; None for no input.
            cwd: the folder that the call passes; None for a call without one.
            env: variables that the child's environment must contain; None for a call without ``env``.
            shell: whether a shell runs the command.
            times: how often the command may run; None for any number of times, including none.
            duration: virtual seconds from the last output to the end. Nobody waits for them, but time-outs count
                them. ``math.inf`` is for a child that a signal must end.
            side_effect: a function of the child (``args``, ``cwd``, ``env``, and the binary streams ``stdin``,
                ``stdout`` and ``stderr``) that runs in a thread and returns the exit code, or None for ``returncode``.
                An exception works as in ``raises``.

        Returns:
            The expectation, with ``calls`` and ``call_count``.

        Raises:
            TypeError: an argument has a wrong type. The text says what to write.
            ValueError: an argument has a wrong value. The text says what to write.
        """
        wanted = wanted_fields(command, input=input, cwd=cwd, env=env, shell=shell)
        answer = Answer(returncode, output=(stdout, stderr), raises=raises, duration=duration, side_effect=side_effect)
        expectation = Expectation(answer, wanted, checked_times(times), _caller(), required=required)
        self._queue.expectations.append(expectation)
        return expectation

    def mock_which(self, name: str | os.PathLike[str], returns: str | None, required: bool = False) -> None:  # noqa: FBT001, FBT002 - as the seed has it
        """Script the result of ``shutil.which`` for a name. The result for any other name is None, and not recorded.

        A second call for the same name replaces the first.

        Args:
            name: the name that the code under test looks up.
            returns: a path, or None for a program that does not exist.
            required: whether the name must be looked up.
        """
        if not isinstance(name, (str, bytes, os.PathLike)):
            raise TypeError(f"mock_which(): name must be the name of a program, not {name!r}")
        if returns is not None and not isinstance(returns, str):
            raise TypeError(f"mock_which(): returns must be a path or None, not {returns!r}")
        self._which[os.fsdecode(name)] = interactions.WhichAnswer(returns, _caller(), required=required)

    def allow(self, command: Any) -> None:
        """Allow a command to start a real child. The test's size still applies to that child.

        Args:
            command: as in ``mock_run``.
        """
        self._allowed.append(CommandPattern(command, "allow()"))

    def install(self) -> None:
        """Activate ``self.subprocess`` without scripting a command, so that every command is refused.

        A ``with`` block is active without it.
        """

    # --- the block ---

    def __enter__(self) -> SubprocessMock:
        from . import seam  # saves 12 ms in processes that name the double and do not use it

        seam.activate(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exception: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if exception is None or reported_exceptions.is_skip(exception):
            self.stop()
            self.verify(failed=exception is not None)
            return
        reported_exceptions.strike_refusals(exception)
        try:
            self.stop()
            self.verify()
        except AssertionError as error:  # what failed in the block comes first
            if hasattr(exception, "add_note"):  # from Python 3.11 on
                exception.add_note(str(error))

    def stop(self) -> None:
        """End the double without verifying it.

        Raises:
            ConflictError: something else has replaced a function that the double uses, and not restored it.
        """
        from . import popen_methods, seam  # saves 12 ms, as above

        try:
            seam.deactivate(self)
        finally:
            popen_methods.settle(self._calls)

    def verify(self, *, failed: bool = False) -> None:
        """Fail if a command was refused, or if a scripted command was not used. The end of the block does the same.

        Args:
            failed: whether the test has failed or is skipped. Then only refusals that the test swallowed count.

        Raises:
            UnmockedInteractionError: a command was refused, and the code under test swallowed the exception.
            UnusedMocksError: a scripted command or look-up was not used.
            UnassertedInteractionsError: with ``strict``, an interaction was not asserted.
        """
        found = findings.take_where(scopes.running.refusals, lambda error: error in self._refusals)
        if not failed:
            found += self._unused() + self._unasserted()
        if len(found) == 1:
            raise found[0]
        if found:
            text = "\n\n".join(str(error) for error in found)
            first = found[0]
            error = type(first)(text) if isinstance(first, HermeticError) else UnmockedInteractionError(text)
            raise error.with_traceback(first.__traceback__)

    def _unused(self) -> list[BaseException]:
        unused = []
        for expectation in self._queue.outstanding:
            count = f" ({expectation.call_count} of {expectation.times})" if expectation.used else ""
            unused.append((f"mock_run({expectation.wanted['command']})", count, expectation.place))
        for name, answer in self._which.items():
            if answer.required and not answer.used:
                unused.append((f"mock_which({as_written(name)})", "", answer.place))
        return [UnusedMocksError(texts.unused_text(unused))] if unused else []

    def _unasserted(self) -> list[BaseException]:
        lines = [f"{self.name}.{interaction}" for interaction in self._timeline if not interaction.asserted]
        return [UnassertedInteractionsError(texts.unasserted_text(lines))] if lines and self.strict else []

    # --- answering: called by the seam, in any thread ---

    def answer(self, call: CommandCall) -> Expectation | None:
        """The expectation for a call, used up by it; None to let a real child start.

        Raises:
            UnmockedInteractionError: there is none.
        """
        with self._lock:
            expectation = self._queue.find(call)
            if expectation is not None:
                self._queue.use(expectation, call)
                self._calls.append(call)
                self._timeline.append(interactions.run_interaction(call, expectation))
                return expectation
            if any(pattern.matches(call.command, shell=call.shell) for pattern in self._allowed):
                return None
            if callsite.is_inside("platform"):  # asks uname, and does without
                raise RefusedQuietly(errno.ENOENT, "a double starts no process")
            self._calls.append(call)
            following = self._queue.next
        raise UnmockedInteractionError(texts.unmocked_text(call, following, self.name))

    def answer_which(self, name: Any) -> Any:
        """What ``shutil.which`` answers."""
        answer = self._which.get(os.fsdecode(name))
        if answer is None:
            return None
        answer.used = True
        fields = {"name": os.fsdecode(name), "returns": answer.returns}
        self._timeline.append(Interaction(interactions.WHICH, fields))
        return os.fsencode(answer.returns) if isinstance(name, bytes) and answer.returns else answer.returns

    def refuse_route(self, event: str) -> None:
        """Refuse a process that was started past the subprocess module.

        Raises:
            UnmockedInteractionError: always.
        """
        raise self.refused(UnmockedInteractionError(texts.route_text(event)))

    def refused(self, error: BaseException) -> BaseException:
        """Note an error that is about to be raised instead of an answer: ``verify`` raises it if nobody has shown it.

        Returns:
            The error.
        """
        if not isinstance(error, RefusedQuietly):
            self._refusals.append(error)
            scopes.running.refusals.append(error)
        return error

    def failure_at_end(self, call: CommandCall, expectation: Expectation, child: Child) -> BaseException | None:
        """The exception to raise where the test waits for a child that has ended; None for none."""
        if child.error is not None:
            return self.refused(child.error)
        if expectation.accepts_input(call):
            return None
        return self.refused(UnmockedInteractionError(texts.input_text(call, expectation)))


def _caller() -> str:
    frame = real.get_frame(2)
    return f"{callsite.shown_path(frame.f_code.co_filename)}:{frame.f_lineno}"
