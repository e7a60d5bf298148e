"""Finds, in few trials, a smallest part of a sequence that has an effect.

    guess   halve the candidates, and try one half alone: short trials, which are right if one item is needed
    bisect  find the shortest beginning of the sequence that has the effect: its last item is needed

The second step follows a wrong guess, when several items are needed. Each item that it finds is part of all later
trials, and the items after it are part of none.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    Places = tuple[int, ...]
    # Yields the part of the sequence to try next, and is sent whether that part has the effect.
    Steps = Generator[Places, bool, Places]
    Halving = Generator[Places, bool, int]


def smallest_part(count: int, has_effect: Callable[[Places], bool]) -> Places:
    """A part of a sequence that has an effect, and loses it when any one item is left out.

    If a single item has the effect, and no other item changes that, the number of trials is the logarithm of the count
    (to base 2, rounded up) plus one.

    Args:
        count: the length of the sequence. The whole sequence must have the effect, and the empty one must not.
        has_effect: tries a part, given as ascending places of items; never called twice for the same part.
    """
    search = steps(count)
    try:
        part = next(search)
        while True:
            part = search.send(has_effect(part))
    except StopIteration as found:
        return found.value  # type: ignore[no-any-return]


def steps(count: int) -> Steps:
    """The search of ``smallest_part``, step by step, for searches that share their trials."""
    known: dict[Places, bool] = {(): False, tuple(range(count)): True}

    def tried(part: Places) -> Generator[Places, bool, bool]:
        if part not in known:
            known[part] = yield part
        return known[part]

    needed: Places = ()
    end = count
    while not (yield from tried(needed)):
        end = yield from _last_needed(end, needed, tried)
        needed = (end, *needed)
    return (yield from _without_needless(needed, tried))


def _last_needed(end: int, needed: Places, tried: Callable[[Places], Generator[Places, bool, bool]]) -> Halving:
    """The last place before an end whose item is needed, besides the items that are known to be needed."""
    guessed = yield from _bisect(end, lambda low, middle: tried((*range(low, middle), *needed)))
    if (yield from tried((guessed, *needed))):
        return guessed
    return (yield from _bisect(end, lambda _, middle: tried((*range(middle), *needed))))


def _bisect(end: int, is_below: Callable[[int, int], Generator[Places, bool, bool]]) -> Halving:
    """Find a place before an end by halving.

    Args:
        end: the end of the search, which is not a candidate.
        is_below: called with two places, finds whether the wanted place, which is not below the first, is below the
            second.
    """
    low, high = 0, end
    while high - low > 1:
        middle = (low + high) // 2
        if (yield from is_below(low, middle)):
            high = middle
        else:
            low = middle
    return low


def _without_needless(part: Places, tried: Callable[[Places], Generator[Places, bool, bool]]) -> Steps:
    """The part without items that are not needed after all, because other items undo their effect."""
    for place in part:
        rest = tuple(other for other in part if other != place)
        if (yield from tried(rest)):
            return (yield from _without_needless(rest, tried))
    return part
