"""The kinds of settings: each says what it accepts, and makes a value of what was written."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Choice:
    """A setting that is one of several words."""

    def __init__(self, *words: str) -> None:
        self.words = words
        self.accepted = f"one of {listed(words)}"

    def parse(self, value: Any) -> Any:
        """The value; None for one that is not accepted."""
        return value if isinstance(value, str) and value in self.words else None


class Words:
    """A setting that is some of several words: a list, or in one string, with commas or spaces between them."""

    def __init__(self, *words: str) -> None:
        self.words = words
        self.accepted = f"a list of {listed(words)}"

    def parse(self, value: Any) -> tuple[str, ...] | None:
        """The value; None for one that is not accepted."""
        found = value.replace(",", " ").split() if isinstance(value, str) else value
        if not isinstance(found, (list, tuple)) or not all(word in self.words for word in found):
            return None
        return tuple(word for word in self.words if word in found)


class Percentages:
    """A setting that divides 100 into parts, with slashes, commas or spaces between them."""

    def __init__(self, *parts: str) -> None:
        self.parts = parts
        self.accepted = f"{len(parts)} whole numbers that add up to 100, for {listed(parts)}".replace(" or ", " and ")

    def parse(self, value: Any) -> tuple[int, ...] | None:
        """The value; None for one that is not accepted."""
        found = value.replace("/", " ").replace(",", " ").split() if isinstance(value, str) else value
        if not isinstance(found, (list, tuple)) or len(found) != len(self.parts):
            return None
        digits = [part if isinstance(part, str) else str(part) if type(part) is int else "" for part in found]
        if not all(part.isascii() and part.isdigit() for part in digits):
            return None
        numbers = tuple(map(int, digits))
        return numbers if sum(numbers) == 100 else None  # noqa: PLR2004 - per cent


class Switch:
    """A setting that is on or off."""

    accepted = "true or false"
    _words = {  # noqa: RUF012 - those that configparser takes
        **dict.fromkeys(("true", "yes", "on", "1"), True),
        **dict.fromkeys(("false", "no", "off", "0"), False),
    }

    def parse(self, value: Any) -> bool | None:
        """The value; None for one that is not accepted."""
        return value if isinstance(value, bool) else self._words.get(value.lower()) if isinstance(value, str) else None


class Seconds:
    """A setting that is a number of seconds."""

    accepted = "a number of seconds above 0"

    def parse(self, value: Any) -> float | None:
        """The value; None for one that is not accepted."""
        try:
            seconds = float("nan" if isinstance(value, bool) else value)
        except (TypeError, ValueError):
            return None
        return seconds if 0 < seconds < float("inf") else None


class Count:
    """A setting that is a whole number."""

    accepted = "a whole number above 0"

    def parse(self, value: Any) -> int | None:
        """The value; None for one that is not accepted."""
        digits = value if isinstance(value, str) else str(value) if type(value) is int else ""
        return int(digits) or None if digits.isascii() and digits.isdigit() else None


class Jobs:
    """A setting that says how many there are to be: a whole number, or ``auto``."""

    accepted = "a whole number above 0, or auto"

    def parse(self, value: Any) -> int | str | None:
        """The value; None for one that is not accepted."""
        return "auto" if value == "auto" else Count().parse(value)


class Seed:
    """A setting that is a number to begin with, a new one for each run, or none."""

    accepted = "a whole number, random or off"

    def parse(self, value: Any) -> str | None:
        """The value; None for one that is not accepted."""
        text = str(value) if type(value) is int else value if isinstance(value, str) else ""
        return text if text in ("random", "off") or (text.isascii() and text.isdigit()) else None


class File:
    """A setting that is the path of a file; in a configuration file, from the folder of that file.

    Args:
        words: what it may be besides.
    """

    def __init__(self, *words: str) -> None:
        self.words = words
        self.accepted = listed(["the path of a file", *words])

    def parse(self, value: Any) -> str | None:
        """The value; None for one that is not accepted."""
        return value if isinstance(value, str) and value.strip() and "\0" not in value else None


def listed(names: Any) -> str:
    """Names as a sentence has them: ``a, b or c``."""
    *most, last = map(str, names)
    return f"{', '.join(most)} or {last}" if most else last
