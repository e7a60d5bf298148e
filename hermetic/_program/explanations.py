"""Writes what ``--explain`` prints: the entry of the reference on a code, a setting, an option or a size."""

from __future__ import annotations

import re
import textwrap

from .._base import errors, spelling
from .._base.command import NAME
from .._base.errors import ConfigurationError
from .._settings.table import SETTINGS, plain_text_of
from . import options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_COLUMNS = 100
_SETTING_OF_MARK = {"timeout": "test_timeout"}  # other marks have the names of their settings


def explanation(words: str) -> str:
    """Return the entry on a topic, or without one the list of topics, wrapped for the terminal.

    Args:
        words: a code, an option, a setting, an environment variable, an exception, or a section of the reference.

    Raises:
        ConfigurationError: there is no such topic; the text names the nearest.
    """
    sections, described = dict(_sections()), _entries()
    entries = {**described, **sections}
    key = _key(words)
    if not key:
        return _wrapped(_topics(sections))
    if key not in entries:
        hint = spelling.hint(key, [name.upper() if name[1:].isdigit() else name for name in entries])
        raise ConfigurationError(f"--explain {words}: no such topic{hint}; {NAME} --explain lists the topics")
    text = "\n\n".join(table[key] for table in (described, sections) if key in table)
    return _wrapped(text)


def _key(words: str) -> str:
    """The key of an entry, from any way to write its topic."""
    name = re.split(r"[=(]", words.strip())[0].strip("[]`@")
    error = getattr(errors, name.rpartition(".")[2], None)
    code = re.match(r"(H\d{3}): ", getattr(error, "__doc__", None) or "")
    if code:
        return code[1].lower()
    name = next((setting.options[-1] for setting in SETTINGS.values() if name in setting.options), name)
    key = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_").removeprefix("hermetic_")
    return _SETTING_OF_MARK.get(key, key)


def _sections() -> Iterator[tuple[str, str]]:
    """The key and the text of each section of ``explanations.txt``, which the tests make from the reference."""
    import pkgutil  # other runs need none of it

    text = (pkgutil.get_data(__package__, "explanations.txt") or b"").decode()
    for heading, section in re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", text, re.MULTILINE):
        for name in heading.split(", "):
            yield _key(name), f"{heading}\n\n{section.strip()}"


def _entries() -> dict[str, str]:
    """The text of each setting and option, by key."""
    found = {}
    for name, setting in SETTINGS.items():
        about = plain_text_of(f"{setting.help}. {setting.documentation}")
        variable = "" if name == "isolated" else f", environment variable {setting.variable}"
        found[name] = (
            f"{', '.join(setting.options)}\nsetting {name}{variable}\n\n{about.strip()}\n\n"
            f"accepts: {setting.kind.accepted}\ndefault: {setting.kind.shown(setting.default)}"
        )
    for option, (text, how) in options.OTHER_OPTIONS.items():
        value = f" {how['metavar']}" if "metavar" in how else ""
        found[_key(option)] = f"{option}{value}\noption of the command line only\n\n{plain_text_of(text)}."
    return found


def _topics(sections: dict[str, str]) -> str:
    codes = {key.upper(): text.splitlines()[2] for key, text in sections.items() if key[1:].isdigit()}
    lines = [f"Usage: {NAME} --explain TOPIC", "", "Codes:"]
    lines += [f"  {code}  {text.partition('.')[0]}" for code, text in codes.items()]
    others = [key for key in sections if key.upper() not in codes and key not in SETTINGS]
    for title, names in (("Settings", SETTINGS), ("Other options", options.OTHER_OPTIONS), ("Also", others)):
        lines += ["", f"{title}:", f"  {', '.join(names)}"]
    return "\n".join(lines)


def _wrapped(text: str) -> str:
    """Text whose lines are not longer than those of the terminal, with the indentation of the first on the others."""
    import shutil  # costs 2 ms, and other runs do not need it

    width = min(shutil.get_terminal_size().columns, _MOST_COLUMNS)
    return "\n".join(
        textwrap.fill(
            line, width, subsequent_indent=" " * len(re.match(r" *(- )?", line)[0]), # type: ignore[index]
            break_long_words=False, break_on_hyphens=False,
        )
        for line in text.splitlines()
    )  # fmt: skip
