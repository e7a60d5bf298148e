"""Which things of a sequence have an effect together: a search with few trials.

    guess   halve what may hold the one that is needed, and try one half alone: short trials, right if it is one
    bisect  find the shortest beginning of the sequence that has the effect: its last thing is needed

The second is for what the guess was wrong about, because several are needed. Each thing that is found so is part of
all trials from then on, and what comes after it is part of none.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Places = tuple[int, ...]

__unittest = True


def smallest_part(count: int, has_effect: Callable[[Places], bool]) -> Places:
    """A part of a sequence that has an effect, and has it no longer when any one thing is left out.

    Where one thing has the effect, and nothing else changes it, that is found with the logarithm of the count (to base
    2, rounded up) and one trial more.

    Args:
        count: the length of the sequence. All of it has the effect, and nothing has not.
        has_effect: tries a part, the places of things in ascending order; never asked for the same twice.
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
    """The last place before an end whose thing is needed, beside those that are known to be."""
    guessed = _bisect(end, lambda low, middle: has_effect((*range(low, middle), *needed)))
    if has_effect((guessed, *needed)):
        return guessed
    return _bisect(end, lambda _, middle: has_effect((*range(middle), *needed)))


def _bisect(end: int, is_below: Callable[[int, int], bool]) -> int:
    """A place before the end.

    Args:
        end: the first place that it cannot be.
        is_below: whether it is below the second place, being none below the first.
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
    """The part, without what is not needed because other things undo what one does."""
    for place in part:
        rest = tuple(other for other in part if other != place)
        if has_effect(rest):
            return _without_needless(rest, has_effect)
    return part
