"""Writes the messages of a double: what happened, where, what was expected, what differs, and what to write."""

from __future__ import annotations

from .._operations import callsite
from .._policy.messages import site_text
from .patterns import as_written, shortened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .command_calls import CommandCall
    from .expectations import Expectation


def call_text(call: CommandCall) -> str:
    """A call as one would write it in a test."""
    given = {"cwd": call.cwd, "shell": call.shell or None}
    return ", ".join([shortened(call.command), *fields_text({name: value for name, value in given.items() if value})])


def unmocked_text(call: CommandCall, following: Expectation | None, name: str) -> str:
    """A call that no expectation answers."""
    lines = [f"nothing is scripted for {call_text(call)}", *where()]
    if following is None:
        lines.append("  expected: no further command")
    else:
        command = shortened(following.wanted["command"])
        lines.append(f"  expected: {command}, scripted at {following.place}")
        lines += [f"    {line}" for line in following.differences(call)]
    lines.append(f"  script it:   {name}.mock_run({as_written(call.command)})")
    return "\n".join(lines)


def fields_text(fields: dict[str, Any]) -> list[str]:
    """Fields as keyword arguments."""
    return [f"{name}={as_written(value)}" for name, value in fields.items()]


def where() -> list[str]:
    """The line that says where in the user's code we are."""
    site = callsite.find_call_site("subprocess.Popen")
    return [f"  at {site_text(site)}"] if site.filename else []


def input_text(call: CommandCall, expectation: Expectation) -> str:
    """A child that was sent something else than was expected."""
    lines = [f"{call_text(call)} received a different input", *where()]
    lines.append(f"  scripted at {expectation.place}")
    expected, got = shortened(expectation.wanted["input"]), shortened(call.text_of(call.sent))
    return "\n".join([*lines, f"    input: expected {expected}, got {got}"])


def route_text(event: str) -> str:
    """A process that was started past the subprocess module."""
    started = "an os.system that was imported by name" if event == "os.system" else event
    lines = [f"the double cannot script {started}", *where()]
    return "\n".join([*lines, "  use the subprocess module, or call os.system as an attribute of the os module"])


def unused_text(unused: Sequence[tuple[str, str, str]]) -> str:
    """What was scripted, and never used."""
    lines = [f"scripted but never used ({len(unused)}):"]
    lines += [f"  {what}{count}, scripted at {place}" for what, count, place in unused]
    return "\n".join([*lines, "  remove the unused lines, or add required=False"])


def unasserted_text(lines: Sequence[str]) -> str:
    """Interactions that a strict double wants to be asserted, as lines to paste."""
    return "\n".join([f"not asserted ({len(lines)}), in this order:", *(f"  {line}" for line in lines)])
