"""Recognizes misspelt names, suggests the right ones, and spells numbers of things."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_ALIKE, _NEAR = 0.7, 0.85  # ratios of difflib; near is one wrong letter in six, or two swapped letters
_SLIPS = 2  # letters that a near name may lack or add


def is_near(name: str, right: str) -> bool:
    """Whether a name is the right one but for a slip: a missing, additional or wrong letter, or capitals.

    The first letter must be right: names of other tools may have the same ending.
    """
    name = name.lower()
    if name == right:
        return True
    letters = {*right}
    if name[:1] != right[:1] or abs(len(name) - len(right)) > _SLIPS or len(letters & {*name}) < len(letters) - _SLIPS:
        return False  # most names: the comparison below is slow
    import difflib  # slow to import, and needed for misspelt names only

    return difflib.SequenceMatcher(None, name, right).ratio() >= _NEAR


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most similar to a wrong one; None if none is similar."""
    import difflib  # as above

    by_form = {right.lower(): right for right in known}
    found = difflib.get_close_matches(name.lower().replace("-", "_"), by_form, 1, _ALIKE)
    return by_form[found[0]] if found else None


def counted(number: int, noun: str) -> str:
    """A number of things."""
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


def hint(name: str, known: Iterable[str]) -> str:
    """Return the suggestion that an error appends to an unknown name; empty if no known name is similar."""
    found = nearest(name, known)
    return f" (did you mean {found}?)" if found else ""
