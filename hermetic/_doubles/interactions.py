"""What a double has answered, in order: commands and look-ups, each of which the test may assert once."""

from __future__ import annotations

from dataclasses import dataclass

from . import texts
from .patterns import ANYTHING, CommandPattern, differences, literal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .command_calls import Call
    from .expectations import Expectation

RUN, WHICH = "run", "which"
_FIELDS = {
    RUN: ("command", "returncode", "stdout", "stderr", "input", "cwd", "env", "shell"),
    WHICH: ("name", "returns"),
}
_ALWAYS_SHOWN = ("command", "returncode", "stdout", "stderr", "name", "returns")


@dataclass
class WhichAnswer:
    """What ``shutil.which`` answers for one name.

    Attributes:
        returns: the path, or None.
        required: whether the name must be looked up.
        place: ``file:line`` of the ``mock_which``.
        used: whether it was.
    """

    returns: str | None
    required: bool
    place: str
    used: bool = False


class Interaction:
    """One command or look-up that was answered.

    Attributes:
        source: ``run`` or ``which``.
        asserted: whether the test has asserted it.
    """

    def __init__(self, source: str, fields: dict[str, Any], call: Call | None = None) -> None:
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
        shown = [f"{name}={literal(value)}" for name, value in self.fields.items() if name in _ALWAYS_SHOWN]
        return f"assert_{self.source}({', '.join(shown)})"


def run_interaction(call: Call, expectation: Expectation) -> Interaction:
    """The interaction of a command and what answered it."""
    answer = expectation.answer
    fields = {"returncode": answer.returncode, "stdout": answer.stdout, "stderr": answer.stderr}
    return Interaction(RUN, {"command": call.command, **fields}, call)


def assert_next(timeline: Sequence[Interaction], source: str, wanted: dict[str, Any]) -> None:
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
        raise TypeError(f"assert_interaction(): the source is sp.run or sp.which, not {source!r}")
    unknown = set(wanted).difference(_FIELDS[source])
    if unknown:
        known = ", ".join(_FIELDS[source])
        raise TypeError(f"assert_{source}(): {min(unknown)!r} is no field of it; they are {known}")
    asserted = f"assert_{source}({', '.join(texts.fields_text(wanted))})"
    interaction = next((found for found in timeline if not found.asserted), None)
    if interaction is None:
        raise AssertionError(f"{asserted}: there is no further interaction ({len(timeline)} in all)")
    if interaction.source != source:
        raise AssertionError(f"{asserted}: the next interaction is another one:\n  {interaction}")
    compared = {name: value for name, value in wanted.items() if value is not ANYTHING}
    if "command" in compared:
        compared["command"] = CommandPattern(compared["command"], "assert_run()")
    lines = differences(compared, interaction.fields)
    if lines:
        text = [f"{asserted}: the next interaction is another one:", f"  {interaction}"]
        raise AssertionError("\n".join([*text, *(f"    {line}" for line in lines)]))
    interaction.asserted = True
