"""Names that are nearly right, and what was probably meant."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_LIKENESS = 0.85  # of difflib: one wrong letter in six, or two letters that have changed places


def is_near(name: str, right: str) -> bool:
    """Whether a name is another one with a slip: a letter too many or too few, a wrong one, capitals."""
    return nearest(name, [right]) is not None


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that a name is most like; None if there is none that it was meant to be."""
    simple = _simple(name)
    by_form = {_simple(right): right for right in known}
    likely = [form for form in by_form if 2 * len({*form} & {*simple}) > len({*form})]  # spares most names the rest
    if not likely:
        return None
    import difflib  # not worth its start-up time where names are right

    found = difflib.get_close_matches(simple, likely, 1, _LIKENESS)
    return by_form[found[0]] if found else None


def hint(name: str, known: Iterable[str]) -> str:
    """What an error about an unknown name says besides: the name to write, if one is near."""
    found = nearest(name, known)
    return f"; did you mean {found}?" if found else ""


def _simple(name: str) -> str:
    return name.lower().replace("-", "_")
