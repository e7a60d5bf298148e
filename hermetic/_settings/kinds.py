"""Defines the kinds of settings: what each accepts, how its values are parsed and shown, and its option."""

from __future__ import annotations

import re

from .._base.sizes import SIZE_NAMES, Size
from .._base.spelling import hint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


class Kind:
    """What a setting accepts.

    Attributes:
        words: the words that it accepts.
        accepted: everything that it accepts, for messages.
        option: how ``argparse`` is told about its option.
    """

    words: tuple[str, ...] = ()
    accepted: str
    option: dict[str, Any]

    def parse(self, value: Any) -> Any:
        """Return the value that was written; None for one that is not accepted."""
        raise NotImplementedError

    def hint(self, value: Any) -> str:
        """Return the suggestion of the nearest word for a value that is not accepted; empty if none is near."""
        given = re.split(r"[,\s]+", value) if isinstance(value, str) else value if isinstance(value, list) else ()
        return next((found for word in given if word not in self.words and (found := hint(str(word), self.words))), "")

    def plain(self, value: Any) -> Any:
        """Return a value as plain data, which ``parse`` accepts."""
        return value

    def shown(self, value: Any) -> str:
        """Return a value as ``--show-config`` prints it."""
        return str(value)


class Choice(Kind):
    """One of several words."""

    def __init__(self, *words: str) -> None:
        self.words = words
        self.accepted = f"one of {listed(words)}"
        self.option = {"metavar": "{" + ",".join(words) + "}"}

    def parse(self, value: Any) -> Any:
        """Return the word."""
        return value if isinstance(value, str) and value in self.words else None


class SizeName(Choice):
    """The name of a size, or none."""

    def __init__(self) -> None:
        super().__init__(*SIZE_NAMES)

    def parse(self, value: Any) -> Size | None:
        """Return the size."""
        return value if isinstance(value, Size) else Size(value) if super().parse(value) else None

    def plain(self, value: Any) -> str | None:
        """Return the name of the size."""
        return None if value is None else value.value

    def shown(self, value: Any) -> str:
        """Return the name of the size, or ``none``."""
        return self.plain(value) or "none"


class Words(Kind):
    """Some of several words: a list, or one string with commas or spaces between them."""

    option = {"metavar": "WORDS"}  # noqa: RUF012 - nobody changes it

    def __init__(self, *words: str) -> None:
        self.words = words
        self.accepted = f"a list of {listed(words)}"

    def parse(self, value: Any) -> tuple[str, ...] | None:
        """Return the words, in the order of the table."""
        found = value.replace(",", " ").split() if isinstance(value, str) else value
        if not isinstance(found, (list, tuple)) or not all(word in self.words for word in found):
            return None
        return tuple(word for word in self.words if word in found)

    def shown(self, value: Any) -> str:
        """Return the words, or ``none``."""
        return ", ".join(value) or "none"


class Percentages(Kind):
    """100 divided into parts, with slashes, commas or spaces between them."""

    option = {"metavar": "A/B/C"}  # noqa: RUF012

    def __init__(self, *parts: str) -> None:
        self.parts = parts
        self.accepted = f"{len(parts)} whole numbers that add up to 100, for {listed(parts)}".replace(" or ", " and ")

    def parse(self, value: Any) -> tuple[int, ...] | None:
        """Return the parts."""
        found = value.replace("/", " ").replace(",", " ").split() if isinstance(value, str) else value
        if not isinstance(found, (list, tuple)) or len(found) != len(self.parts):
            return None
        digits = [part if isinstance(part, str) else str(part) if type(part) is int else "" for part in found]
        if not all(part.isascii() and part.isdigit() for part in digits):
            return None
        numbers = tuple(map(int, digits))
        return numbers if sum(numbers) == 100 else None  # noqa: PLR2004 - per cent

    def shown(self, value: Any) -> str:
        """Return the parts with commas between them."""
        return ", ".join(map(str, value))


class Switch(Kind):
    """On or off."""

    words = ("true", "false")
    accepted = "true or false"
    option = {"action": "store_const", "const": True}  # noqa: RUF012
    _words = {  # noqa: RUF012 - those that configparser takes
        **dict.fromkeys(("true", "yes", "on", "1"), True),
        **dict.fromkeys(("false", "no", "off", "0"), False),
    }

    def parse(self, value: Any) -> bool | None:
        """Return whether it is on."""
        return value if isinstance(value, bool) else self._words.get(value.lower()) if isinstance(value, str) else None

    def shown(self, value: Any) -> str:
        """Return ``true`` or ``false``."""
        return str(value).lower()


class Seconds(Kind):
    """A number of seconds, or none."""

    accepted = "a number of seconds above 0"
    option = {"metavar": "SECONDS"}  # noqa: RUF012

    def parse(self, value: Any) -> float | None:
        """Return the seconds."""
        try:
            seconds = float("nan" if isinstance(value, bool) else value)
        except (TypeError, ValueError):
            return None
        return seconds if 0 < seconds < float("inf") else None

    def shown(self, value: Any) -> str:
        """Return the seconds without a fraction of zero, or ``none``."""
        return "none" if value is None else f"{value:g}"


class Count(Kind):
    """A whole number, or none."""

    accepted = "a whole number above 0"
    option = {"metavar": "NUMBER"}  # noqa: RUF012

    def shown(self, value: Any) -> str:
        """Return the number, or ``none``."""
        return "none" if value is None else str(value)

    def parse(self, value: Any) -> int | None:
        """Return the number."""
        digits = value if isinstance(value, str) else str(value) if type(value) is int else ""
        return int(digits) or None if digits.isascii() and digits.isdigit() else None


class Retries(Count):
    """A whole number, which may be 0."""

    accepted = "a whole number"

    def parse(self, value: Any) -> int | None:
        """Return the number."""
        return 0 if str(value) == "0" else super().parse(value)


class Jobs(Count):
    """A whole number, or ``auto``."""

    words = ("auto",)
    accepted = "a whole number above 0, or auto"
    # Without a value, the option passes one that is not accepted, so that the error says what is.
    option = {"nargs": "?", "const": "", "metavar": "N|auto"}  # noqa: RUF012

    def parse(self, value: Any) -> Any:
        """Return the number, or ``auto``."""
        return "auto" if value == "auto" else super().parse(value)


class Seed(Kind):
    """A number to begin with, ``random`` for a new one in each run, or ``off``."""

    words = ("random", "off")
    accepted = "a whole number, random or off"
    option = {"metavar": "[SEED]"}  # noqa: RUF012

    def parse(self, value: Any) -> str | None:
        """Return the number in digits, or the word."""
        text = str(value) if type(value) is int else value if isinstance(value, str) else ""
        return text if text in self.words or (text.isascii() and text.isdigit()) else None


class Variations(Kind):
    """A list of variations of ``--vary``: their subjects, or names such as ``timezone=UTC``."""

    words = (
        *("all", "list", "hash-seed", "optimize", "bytes-warning", "dev-mode", "warnings", "garbage", "recursion"),
        *("thread-switch", "python", "random", "timezone", "locale", "stdout", "environment", "ci", "proxies"),
        *("terminal", "colour", "home", "date", "timing", "temporary-folder", "tree", "current-folder", "umask"),
        *("processors", "start-method", "network", "host-name", "stdin", "descriptors", "user", "order"),
    )
    accepted = "a list of variations; --vary list shows them all"
    option = {"metavar": "[VARIATIONS]"}  # noqa: RUF012

    def parse(self, value: Any) -> tuple[str, ...] | None:
        """Return the subjects and names."""
        found = tuple(value.replace(",", " ").split())
        return found if found and all(word.partition("=")[0] in self.words for word in found) else None


class KnownDependences(Kind):
    """The accepted dependences: a list of entries ``SUBJECTS TEST: REASON``, or a text with an entry in each line."""

    accepted = "a list of entries such as 'timezone tests.test_x.XTest.*: prints local times'"
    option = {"metavar": "ENTRIES"}  # noqa: RUF012

    def parse(self, value: Any) -> tuple[str, ...] | None:
        """Return the entries, if each has subjects of variations, the pattern of a test, and a reason."""
        entries = value.splitlines() if isinstance(value, str) else value
        if not isinstance(entries, (list, tuple)) or not all(isinstance(entry, str) for entry in entries):
            return None
        found = tuple(" ".join(entry.split()) for entry in entries if entry.strip())
        return found if all(map(self._is_entry, found)) else None

    @staticmethod
    def _is_entry(entry: str) -> bool:
        match = re.fullmatch(r"(\S+) [^:\s]+: \S.*", entry)
        return match is not None and all(subject in Variations.words[2:] for subject in match[1].split(","))

    def hint(self, value: Any) -> str:
        """Return the suggestion of the nearest subject for the first wrong one of an entry."""
        entries = value.splitlines() if isinstance(value, str) else value if isinstance(value, list) else ()
        given = [subject for entry in entries for subject in str(entry).strip().partition(" ")[0].split(",")]
        subjects = Variations.words[2:]
        # The report names variations such as timezone=UTC.
        return next((hint(subject.partition("=")[0], subjects) for subject in given if subject not in subjects), "")

    def shown(self, value: Any) -> str:
        """Return the entries, with semicolons between them, or ``none``."""
        return "; ".join(value) or "none"


class File(Kind):
    """The path of a file; one in a configuration file starts from the folder of that file.

    Args:
        words: what is accepted besides.
    """

    option = {"metavar": "FILE"}  # noqa: RUF012

    def __init__(self, *words: str) -> None:
        self.words = words
        self.accepted = listed(["the path of a file", *words])

    def parse(self, value: Any) -> str | None:
        """Return the path, or the word."""
        return value if isinstance(value, str) and value.strip() and "\0" not in value else None

    def shown(self, value: Any) -> str:
        """Return the path, or ``none``."""
        return value or "none"


def listed(names: Iterable[object]) -> str:
    """Return names as a sentence has them: ``a, b or c``."""
    *most, last = map(str, names)
    return f"{', '.join(most)} or {last}" if most else last
