"""Records the commands and look-ups that a double has answered; a test may assert each of them once, in order."""

from __future__ import annotations

from .._base.errors import HermeticError
from .._base.spelling import hint
from . import texts
from .expectations import as_mock_call
from .patterns import ANYTHING, CommandPattern, as_written, differences

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .command_calls import CommandCall
    from .expectations import Expectation

__unittest = True  # keeps our frames out of unittest's tracebacks


class _Source(str):
    """The name of a source of interactions. A call of it was meant for ``subprocess`` or for ``mock_run``."""

    __slots__ = ()

    if not TYPE_CHECKING:  # for type checkers, the call is an error

        def __call__(self, *arguments: Any, **options: Any) -> None:
            first = as_written(arguments[0]) if arguments else "..."
            real_call = "subprocess.run" if self == RUN else "shutil.which"
            raise HermeticError(
                f"self.subprocess.{self}() runs nothing: script the call with self.subprocess.mock_{self}({first}),"
                f" and let the code under test call {real_call}({first})"
            )


_FUNCTIONS = frozenset({"Popen", "call", "check_call", "check_output", "getoutput", "getstatusoutput"})
RUN, WHICH = _Source("run"), _Source("which")
_FIELDS: dict[str, tuple[str, ...]] = {
    RUN: ("command", "returncode", "stdout", "stderr", "input", "cwd", "env", "shell"),
    WHICH: ("name", "returns"),
}
_ALWAYS_SHOWN = ("command", "returncode", "stdout", "stderr", "name", "returns")


class WhichAnswer:
    """What ``shutil.which`` answers for one name.

    Attributes:
        returns: the path, or None.
        required: whether the name must be looked up.
        place: ``file:line`` of the ``mock_which``.
        used: whether it was.
    """

    def __init__(self, returns: str | None, place: str, *, required: bool) -> None:
        self.returns = returns
        self.required = required
        self.place = place
        self.used = False


class Interaction:
    """One command or look-up that was answered.

    Attributes:
        source: ``run`` or ``which``.
        asserted: whether the test has asserted it.
    """

    def __init__(self, source: str, fields: dict[str, Any], call: CommandCall | None = None) -> None:
        self.source = source
        self.asserted = False
        self._fields = fields
        self._call = call

    @property
    def fields(self) -> dict[str, Any]:
        """Its fields by name; what a child was sent, and how it has ended, is known late."""
        if self._call is None:
            return self._fields
        call, found = self._call, dict(self._fields)
        if call.child is not None and call.child.returncode is not None:
            found["returncode"] = call.child.returncode
        return {**found, "input": call.input, "cwd": call.cwd, "env": call.env, "shell": call.shell}

    def __str__(self) -> str:
        shown = [f"{name}={as_written(value)}" for name, value in self.fields.items() if name in _ALWAYS_SHOWN]
        return f"assert_{self.source}({', '.join(shown)})"


def run_interaction(call: CommandCall, expectation: Expectation) -> Interaction:
    """The interaction of a command and what answered it."""
    answer = expectation.answer
    fields = {"returncode": answer.returncode, "stdout": answer.stdout, "stderr": answer.stderr}
    return Interaction(RUN, {"command": call.command, **fields}, call)


def _assert_next(timeline: Sequence[Interaction], source: str, wanted: dict[str, Any]) -> None:
    """Assert the first interaction that is not asserted yet.

    Args:
        timeline: all of them.
        source: ``run`` or ``which``.
        wanted: fields by name; ``...`` for what is not compared.

    Raises:
        AssertionError: it is another one, or there is none.
        TypeError: there is no such source or field.
    """
    if source not in _FIELDS:
        raise TypeError(f"assert_interaction(): the source must be sp.run or sp.which, not {source!r}")
    unknown = set(wanted).difference(_FIELDS[source])
    if unknown:
        name, known = min(unknown), _FIELDS[source]
        raise TypeError(
            f"assert_{source}(): unknown field {name!r}{hint(name, known)}; write one of {', '.join(known)}"
        )
    asserted = f"assert_{source}({', '.join(texts.fields_text(wanted))})"
    interaction = next((found for found in timeline if not found.asserted), None)
    if interaction is None:
        raise AssertionError(f"{asserted}: no interaction is left ({len(timeline)} in total)")
    if interaction.source != source:
        raise AssertionError(f"{asserted}: the next interaction is different:\n  {interaction}")
    compared = {name: value for name, value in wanted.items() if value is not ANYTHING}
    if "command" in compared:
        compared["command"] = CommandPattern(compared["command"], "assert_run()")
    lines = differences(compared, interaction.fields)
    if lines:
        text = [f"{asserted}: the next interaction is different:", f"  {interaction}"]
        raise AssertionError("\n".join([*text, *(f"    {line}" for line in lines)]))
    interaction.asserted = True


class RecordedCalls:
    """The part of a double that records calls.

    Attributes:
        name: what messages call the double.
        run: the source of ``assert_interaction`` for commands.
        which: the source of ``assert_interaction`` for look-ups by ``shutil.which``.
    """

    run = RUN
    which = WHICH

    if not TYPE_CHECKING:  # type checkers would accept any attribute

        def __getattr__(self, name: str) -> Any:
            """Say what to write in the place of a function of ``subprocess``."""
            text = f"{type(self).__name__!r} object has no attribute {name!r}"
            if name in _FUNCTIONS:
                text += f": script the call with mock_run(), and let the code under test call subprocess.{name}()"
            raise AttributeError(text, name=name, obj=self)

    def __init__(self) -> None:
        self.name = "sp"
        self._timeline: list[Interaction] = []
        self._calls: list[CommandCall] = []

    @property
    def calls(self) -> list[Any]:
        """All commands so far, including refused ones.

        Each is ``mock.call(command, ...)``, with the ``cwd``, ``env``, ``input`` and ``shell`` that it passed.
        """
        return [as_mock_call(call) for call in self._calls]

    def assert_run(
        self,
        command: Any,
        *,
        returncode: Any = ...,
        stdout: Any = ...,
        stderr: Any = ...,
        input: Any = ...,  # noqa: A002 - as of mock_run
        cwd: Any = ...,
        env: Any = ...,
        shell: Any = ...,
    ) -> None:
        """Assert that the next interaction was a command. Interactions are asserted once, in order.

        Where ``...`` is the default, the argument is not compared.

        Args:
            command: as in ``mock_run``.
            returncode: the exit code.
            stdout: the output, as scripted.
            stderr: the output on standard error, as scripted.
            input: as in ``mock_run``.
            cwd: as in ``mock_run``.
            env: as in ``mock_run``.
            shell: as in ``mock_run``.

        Raises:
            AssertionError: the next interaction differs. The text says how.
        """
        fields = {"returncode": returncode, "stdout": stdout, "stderr": stderr}
        fields |= {"input": input, "cwd": cwd, "env": env, "shell": shell}
        given = {name: value for name, value in fields.items() if value is not ANYTHING}
        self.assert_interaction(self.run, command=command, **given)

    def assert_which(self, name: str, returns: Any = ...) -> None:
        """Assert that the next interaction was a look-up by ``shutil.which``.

        Args:
            name: the name that was looked up.
            returns: the result; ``...`` for any.

        Raises:
            AssertionError: the next interaction differs. The text says how.
        """
        given = {} if returns is ANYTHING else {"returns": returns}
        self.assert_interaction(self.which, name=name, **given)

    def assert_interaction(self, source: str, **fields: Any) -> None:
        """Assert the next interaction.

        Args:
            source: ``run`` or ``which`` of this double.
            **fields: as in ``assert_run`` or ``assert_which``.

        Raises:
            AssertionError: the next interaction differs. The text says how.
            TypeError: the source or a field does not exist.
        """
        _assert_next(self._timeline, source, fields)

    def assert_not_called(self) -> None:
        """Assert that no command ran, and none was refused.

        Raises:
            AssertionError: a command ran or was refused.
        """
        self._as_mock().assert_not_called()

    def assert_called_once_with(self, command: Any, **given: Any) -> None:
        """Assert that exactly one command ran, as ``mock.Mock`` does.

        Args:
            command: a list of strings, or a string.
            **given: the arguments ``cwd``, ``env``, ``input`` and ``shell`` that the call passed.

        Raises:
            AssertionError: another command ran, or none, or more than one.
        """
        self._as_mock().assert_called_once_with(command, **given)

    def assert_has_calls(self, calls: Sequence[Any], any_order: bool = False) -> None:  # noqa: FBT001, FBT002 - as mock has it
        """Assert that these commands ran, one directly after the other, as ``mock.Mock`` does.

        Args:
            calls: ``mock.call(command, ...)`` objects.
            any_order: whether they may have run at any place and in any order.

        Raises:
            AssertionError: they did not.
        """
        self._as_mock().assert_has_calls(calls, any_order)

    def _as_mock(self) -> Any:
        """A Mock that was called as this double was: its assertions and their texts are what people know."""
        from unittest import mock  # imports asyncio: not worth its start-up time before somebody asks

        recorder = mock.Mock(name=self.name)
        for call in self.calls:
            recorder(*call.args, **call.kwargs)
        return recorder
