"""Names that are nearly right, and what was probably meant."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_ALIKE, _NEAR = 0.7, 0.85  # of difflib; near is one wrong letter in six, or two that have changed places
_SLIPS = 2  # letters that a near name may lack, or have besides


def is_near(name: str, right: str) -> bool:
    """Whether a name is another one with at most a slip: a letter too many or too few, a wrong one, capitals.

    A slip is never in the first letter: names of others that end alike are more than that.
    """
    name = name.lower()
    if name == right:
        return True
    letters = {*right}
    if name[:1] != right[:1] or abs(len(name) - len(right)) > _SLIPS or len(letters & {*name}) < len(letters) - _SLIPS:
        return False  # spares most names the rest
    import difflib  # not worth its start-up time where names are right

    return difflib.SequenceMatcher(None, name, right).ratio() >= _NEAR


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that a wrong one is most like; None if it is like none."""
    import difflib  # as above

    by_form = {right.lower(): right for right in known}
    found = difflib.get_close_matches(name.lower().replace("-", "_"), by_form, 1, _ALIKE)
    return by_form[found[0]] if found else None


def hint(name: str, known: Iterable[str]) -> str:
    """What an error says behind an unknown name: the one to write, if there is one that is like it."""
    found = nearest(name, known)
    return f" (did you mean {found}?)" if found else ""
