"""Finds, in few trials, a smallest part of a sequence that has an effect.

    guess   halve the candidates, and try one half alone: short trials, which are right if one item is needed
    bisect  find the shortest beginning of the sequence that has the effect: its last item is needed

The second step follows a wrong guess, when several items are needed. Each item that it finds is part of all later
trials, and the items after it are part of none.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Places = tuple[int, ...]


def smallest_part(count: int, has_effect: Callable[[Places], bool]) -> Places:
    """A part of a sequence that has an effect, and loses it when any one item is left out.

    If a single item has the effect, and no other item changes that, the number of trials is the logarithm of the count
    (to base 2, rounded up) plus one.

    Args:
        count: the length of the sequence. The whole sequence must have the effect, and the empty one must not.
        has_effect: tries a part, given as ascending places of items; never called twice for the same part.
    """
    known: dict[Places, bool] = {(): False, tuple(range(count)): True}

    def tried(part: Places) -> bool:
        if part not in known:
            known[part] = has_effect(part)
        return known[part]

    needed: Places = ()
    end = count
    while not tried(needed):
        end = _last_needed(end, needed, tried)
        needed = (end, *needed)
    return _without_needless(needed, tried)


def _last_needed(end: int, needed: Places, has_effect: Callable[[Places], bool]) -> int:
    """The last place before an end whose item is needed, besides the items that are known to be needed."""
    guessed = _bisect(end, lambda low, middle: has_effect((*range(low, middle), *needed)))
    if has_effect((guessed, *needed)):
        return guessed
    return _bisect(end, lambda _, middle: has_effect((*range(middle), *needed)))


def _bisect(end: int, is_below: Callable[[int, int], bool]) -> int:
    """Find a place before an end by halving.

    Args:
        end: the end of the search, which is not a candidate.
        is_below: called with two places, returns whether the wanted place, which is not below the first, is below the
            second.
    """
    low, high = 0, end
    while high - low > 1:
        middle = (low + high) // 2
        if is_below(low, middle):
            high = middle
        else:
            low = middle
    return low


def _without_needless(part: Places, has_effect: Callable[[Places], bool]) -> Places:
    """The part without items that are not needed after all, because other items undo their effect."""
    for place in part:
        rest = tuple(other for other in part if other != place)
        if has_effect(rest):
            return _without_needless(rest, has_effect)
    return part
