"""Reads the patterns of ``-k``: those of unittest, and expressions with ``not``, ``and``, ``or``.

A pattern or an expression is true for the ids that it selects.

    test_mail              an id that contains this
    *.MailTest.test_*      an id that matches this as a whole
    mail and not slow      a part: ``not`` binds most closely, then ``and``, then ``or``
    not (slow or bounce)   parentheses
"""

from __future__ import annotations

import fnmatch
import re

from .._base.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Condition = Callable[[str], bool]

_OPERATORS = {"not", "and", "or"}


def is_expression(text: str) -> bool:
    """Whether a pattern has an operator; a single word is one to look for, even if it is ``not``."""
    words = text.replace("(", " ").replace(")", " ").split()
    return len(words) > 1 and not _OPERATORS.isdisjoint(words)


def pattern(text: str) -> str:
    """Return a pattern as unittest matches it with a whole id."""
    return text if "*" in text else f"*{text}*"


def condition(text: str) -> Condition:
    """Return what tells whether the id of a test matches a pattern or an expression.

    Raises:
        ConfigurationError: the expression is incomplete.
    """
    if not is_expression(text):
        return _matching(text)
    parser = _Parser(text)
    found = parser.alternatives()
    if parser.words:
        raise parser.error(f"and, or, or the end before {parser.words[0]!r}")
    return found


def _matching(text: str) -> Condition:
    whole = pattern(text)
    return lambda name: fnmatch.fnmatchcase(name, whole)


class _Parser:
    """Takes an expression apart from left to right.

    Attributes:
        words: what is left of it.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self.words = re.findall(r"[()]|[^\s()]+", text)

    def alternatives(self) -> Condition:
        """Take one or more parts with ``or`` between them."""
        parts = [self._conjunction()]
        while self._takes("or"):
            parts.append(self._conjunction())
        return lambda name: any(part(name) for part in parts)

    def _conjunction(self) -> Condition:
        parts = [self._negation()]
        while self._takes("and"):
            parts.append(self._negation())
        return lambda name: all(part(name) for part in parts)

    def _negation(self) -> Condition:
        if self._takes("not"):
            negated = self._negation()
            return lambda name: not negated(name)
        if self._takes("("):
            inner = self.alternatives()
            if not self._takes(")"):
                raise self.error("a closing parenthesis")
            return inner
        if not self.words or self.words[0] in _OPERATORS or self.words[0] == ")":
            raise self.error("a pattern")
        return _matching(self.words.pop(0))

    def _takes(self, word: str) -> bool:
        """Whether the next word is this one, which is taken then."""
        if self.words[:1] != [word]:
            return False
        del self.words[0]
        return True

    def error(self, expected: str) -> ConfigurationError:
        """Return the error for what does not go on as expected."""
        before = f" before {self.words[0]!r}" if self.words and "before" not in expected else ""
        return ConfigurationError(
            f"-k {self._text!r}: expected {expected}{before or ('' if self.words else ' at its end')};"
            " write patterns with not, and, or, and parentheses"
        )
