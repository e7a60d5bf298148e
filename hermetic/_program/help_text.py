"""Writes the help: the options of unittest, and those of hermetic in groups; or only those that a word concerns."""

from __future__ import annotations

import itertools
import re

from .._base import spelling
from .._base.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_EXAMPLES = """\
more examples:
  {0}                             - run the tests below this folder
  {0} discover -s tests           - run the tests below another folder
  {0} test_module.Class.test_it   - run some tests by name
  {0} path/to/test_file.py        - run the tests of a file
  {0} --help isolation            - show only the options that a word concerns
  {0} --explain H003              - show what the reference says about a code
"""


def help_text(texts: Sequence[str], program: str, word: str = "") -> str:
    """Return the help of several parsers, one after another.

    Args:
        texts: the help of each.
        program: the name of the program.
        word: what to show the options of; empty for all.

    Raises:
        ConfigurationError: no option has the word in its name, its help or the title of its group.
    """
    if not word:
        return "\n".join([*texts, _EXAMPLES.format(program)])
    plain = [re.sub(r"\x1b\[[\d;]*m", "", text) for text in texts]  # without the colours of Python 3.14 and later
    sections = [section for text in plain for section in re.split(r"\n\n(?=\S)", text)]
    found = [text for section in sections if (text := "\n".join(_concerning(word.lower(), section)))]
    if not found:
        words = {*re.findall(r"\w{3,}", "\n".join(sections).lower())}
        raise ConfigurationError(f"--help {word}: no option is about this{spelling.hint(word, words)}")
    return "\n\n".join(dict.fromkeys(found))


def _concerning(word: str, section: str) -> Iterator[str]:
    """Yield the title of a section, and those of its options that a word concerns; nothing if there are none."""
    title, _, body = section.partition("\n")
    options = re.findall(r"^  -(?:.*\n?)(?:    .*\n?)*", body, re.MULTILINE)
    chosen = options if word in title.lower() else [option for option in options if word in option.lower()]
    if chosen:
        yield title
        yield from (option.rstrip("\n") for option in chosen)


def word_of_help(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """Return the word after ``-h`` or ``--help`` (empty without one), and the arguments without it."""
    for index, (option, word) in enumerate(itertools.pairwise(arguments)):
        if option in ("--", "--script"):
            break
        if option in ("-h", "--help") and word != "discover" and not word.startswith("-"):
            return word, [*arguments[: index + 1], *arguments[index + 2 :]]
    return "", [*arguments]
