"""Classes of exceptions made from their names: they stand for a worker's classes, whose code must not run here."""

from __future__ import annotations

import copyreg
import sys

from .._base import real

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class StandIn(type):
    """The metaclass of stand-ins, which can be pickled: some runners pickle the errors that they report."""

    stands_for: tuple[str | None, str, type[BaseException]]


def _reduced_class(cls: StandIn) -> Any:
    return new_class, cls.stands_for


copyreg.pickle(StandIn, _reduced_class)


def new_class(module: str | None, qualname: str, base: type[BaseException]) -> type[BaseException]:
    """A class of exceptions that is shown as the worker's class of that name is."""
    if module == "unittest.case" and qualname == "SkipTest":
        import unittest

        return unittest.SkipTest
    names: dict[str, Any] = {"__module__": module, "__qualname__": qualname}
    names |= {"stands_for": (module, qualname, base), "__reduce__": _reduced}
    if not issubclass(base, SyntaxError):
        names["__str__"] = _first_argument
    try:
        cls: Any = StandIn(plain_name(qualname), (known_class(module, qualname, base) or base,), names)
    except Exception:  # noqa: BLE001 - a user's class may refuse to have subclasses
        cls = StandIn(plain_name(qualname), (base,), names)
    stand_in: type[BaseException] = cls
    return stand_in


def plain_name(qualname: str) -> str:
    """The name of a class, from its qualified name, without characters that C does not take in a name."""
    return qualname.rpartition(".")[2].encode("ascii", "backslashreplace").decode("ascii").replace("\0", "\\0")


def known_class(module: str | None, qualname: str, base: type[BaseException]) -> type[BaseException] | None:
    """The class of that name, if this process has it, so that ``except`` and ``isinstance`` in reporters find it.

    No code of the user's runs for the look-up: a module may have a ``__getattr__`` that imports things, and a class may
    have an ``__init_subclass__``.
    """
    found: Any = sys.modules.get(module or "")
    for part in qualname.split("."):
        found = real.names_in(found).get(part)
    if not isinstance(found, type) or base not in _mro(found):
        return None
    tells = any("__init_subclass__" in real.names_in(cls) for cls in _mro(found) if cls is not object)
    return None if tells or type(found) not in (type, StandIn) else found


def _mro(cls: type) -> tuple[type, ...]:
    found: tuple[type, ...] = vars(type)["__mro__"].__get__(cls)
    return found


def _reduced(self: BaseException) -> tuple[Any, ...]:
    reduced: tuple[Any, ...] = vars(self)["pickled_as"]
    return reduced


def _first_argument(self: BaseException) -> str:
    return str(vars(BaseException)["args"].__get__(self)[0])  # the user's class may have an attribute of that name
