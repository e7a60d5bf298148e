"""All variations: chosen by name, and packed into batches that fit together."""

from __future__ import annotations

from .._base.errors import ConfigurationError
from .._base.spelling import hint
from .._settings.kinds import Variations
from . import (
    environment_variations,
    interpreter_variations,
    order_variations,
    path_variations,
    system_variations,
    time_variations,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .variation import Variation

# Variations that need a new interpreter come first: searches halve the list, and share runs with the same beginning.
ALL: tuple[Variation, ...] = (
    *interpreter_variations.VARIATIONS,
    *environment_variations.VARIATIONS,
    *time_variations.VARIATIONS,
    *path_variations.VARIATIONS,
    *system_variations.VARIATIONS,
    *order_variations.VARIATIONS,
)
BY_NAME = {variation.name: variation for variation in ALL}


def chosen_variations(text: str, option: str) -> list[Variation]:
    """The variations that a list of names asks for.

    Args:
        text: subjects and names of variations, or ``all``, with commas between them.
        option: the option that has the list, for messages.

    Raises:
        ConfigurationError: there is no such variation.
    """
    kind = Variations()
    words = kind.parse(text) or ()
    wrong = [word for word in words if word == "list" or ("=" in word and word not in BY_NAME)]
    if wrong or not words:
        near = hint(wrong[0], BY_NAME) if wrong else kind.hint(text)
        raise ConfigurationError(f"{option} {text!r} is not {kind.accepted}{near}")
    return [
        variation
        for variation in ALL
        if variation.subject in words or variation.name in words or ("all" in words and not variation.on_request)
    ]


def batches(variations: Iterable[Variation]) -> list[list[Variation]]:
    """Pack compatible variations into few batches; those that hide the effects of others are alone."""
    packed: list[list[Variation]] = []
    for variation in sorted(variations, key=ALL.index):
        fitting = [batch for batch in packed if _should_join([*batch, variation])]
        if fitting:
            fitting[0].append(variation)
        else:
            packed.append([variation])
    return packed


def joined(one: Sequence[str], other: Sequence[str]) -> tuple[str, ...] | None:
    """The union of two sets of names, in the order of the catalogue; None if they exclude each other."""
    names = tuple(name for name in BY_NAME if name in one or name in other)
    return names if _should_join([BY_NAME[name] for name in names]) else None


def can_join(variations: Sequence[Variation]) -> bool:
    """Whether variations can be in one run."""
    groups = [group for variation in variations for group in (variation.exclusive_group, *variation.excludes)]
    return len({*groups}) == len(groups)


def _should_join(variations: Sequence[Variation]) -> bool:
    """Whether variations can be in one run, and none of them hides the effect of others."""
    return can_join(variations) and (len(variations) == 1 or not any(variation.is_apart for variation in variations))
