"""Adds the policy of the test to the environment of programs that the test starts, for Python programs to read.

It is added where the program is started, whatever environment the caller gives; ``os.environ`` stays as it is. Python
programs with ``-E``, ``-I`` or ``-S`` do not read it; only the kernel can restrict these, and programs in other
languages.
"""

from __future__ import annotations

import functools
import os

from .._base import features, real
from .._base.sizes import ANYWHERE, LIMITS
from .._operations import callsite
from .._verdicts import faults, scopes, subjects
from . import inheritance

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

_FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "_children", "site")


def telling_fork_exec(original: Callable[..., Any]) -> Callable[..., Any]:
    """``_posixsubprocess.fork_exec``, which gets the environment as a list of bytes; None for that of this process."""

    def decide(*args: Any) -> Callable[[], Any] | None:
        # multiprocessing's own servers belong to no test, and its children are told by their preparation data.
        if callsite.is_inside("multiprocessing.util", function="spawnv_passfds"):
            return None
        entries = args[_FORK_EXEC_ENV]
        told = _told(None if entries is None else dict(entry.split(b"=", 1) for entry in entries if b"=" in entry))
        if told is None:
            return None
        entries = [name + b"=" + value for name, value in told.items()]
        return functools.partial(original, *args[:_FORK_EXEC_ENV], entries, *args[_FORK_EXEC_ENV + 1 :])

    telling: Callable[..., Any] = faults.entrance(original, decide)
    return telling


_FORK_EXEC_ENV = 5  # where the environment stands among its arguments


def _telling(
    place: int, *, none_is_own: bool = False, is_text: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make functions tell that take an environment, a mapping, as one of their arguments.

    Args:
        place: where it stands among them; by name, it is ``env``.
        none_is_own: whether None means the environment of this process.
        is_text: whether it may hold strings only, and no bytes.
    """

    def telling(original: Callable[..., Any]) -> Callable[..., Any]:
        def decide(*args: Any, **kwargs: Any) -> Callable[[], Any] | None:
            given = args[place] if len(args) > place else kwargs.get("env")
            if not (hasattr(type(given), "items") or (none_is_own and given is None)):
                return None  # the original says what is wrong with it
            try:
                pairs = None if given is None else [*given.items()]
            except Exception as error:  # noqa: BLE001 - a mapping of the caller's may raise anything
                return functools.partial(_raise, error)
            if is_text and not all(isinstance(text, str) for pair in pairs or () for text in pair):
                return None  # likewise
            told = _told(None if pairs is None else _encoded_pairs(pairs))
            if told is None:
                return None
            if len(args) > place:
                return functools.partial(original, *args[:place], told, *args[place + 1 :], **kwargs)
            return functools.partial(original, *args, **{**kwargs, "env": told})

        return faults.entrance(original, decide, TypeError, ValueError)  # type: ignore[no-any-return]  # by odd values

    return telling


def telling_by_own(original: Callable[..., Any]) -> Callable[..., Any]:
    """Functions whose program gets the environment that C knows: that is changed meanwhile, unseen by Python."""

    def decide(*args: Any, **kwargs: Any) -> Callable[[], Any] | None:
        added = _to_be_added(real.environment())
        return _outcome(added, original, *args, **kwargs) if added else None

    telling: Callable[..., Any] = faults.entrance(original, decide)
    return telling


def _outcome(added: dict[Any, Any], original: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Callable[[], Any]:
    """Call a function with variables added, and return a function that has the same outcome."""
    with scopes.running.lock:
        _additions.calls += 1
        for name, value in added.items():
            _put(name, value)
    try:
        outcome = [original(*args, **kwargs)].pop
    except BaseException as error:  # noqa: BLE001 - it is raised at the caller
        outcome = functools.partial(_raise, error)
    finally:
        with scopes.running.lock:
            _additions.calls -= 1
            for name in () if _additions.calls else added:
                _put(name, real.environment().get(name))
    return outcome


class _Additions:
    """The variables that are added to the environment of C. One instance, in this module.

    Attributes:
        calls: how many threads are in calls that need them.
    """

    calls = 0


_additions = _Additions()


def _raise(error: BaseException) -> Any:
    raise error


TELLING = {  # the functions of the os module, by name
    "system": telling_by_own,
    "execv": telling_by_own,
    "execve": _telling(2),
    "posix_spawn": _telling(2, none_is_own=features.POSIX_SPAWN_TAKES_NONE),
    "posix_spawnp": _telling(2, none_is_own=features.POSIX_SPAWN_TAKES_NONE),
}
if features.WINDOWS:  # elsewhere they fork, and exec
    TELLING |= {"startfile": telling_by_own, "spawnv": telling_by_own, "spawnve": _telling(3)}
telling_create_process = _telling(6, none_is_own=True, is_text=True)


@faults.shielded
def _put(name: Any, value: Any) -> None:
    if value is None:
        os.unsetenv(os.fsdecode(name))
    else:
        os.putenv(os.fsdecode(name), os.fsdecode(value))


# Variables as the system has them: bytes, and on Windows text, whatever the case of their names.
_encoded = os.fsdecode if features.WINDOWS else os.fsencode


def _encoded_name(name: Any) -> Any:
    return _encoded(name).upper() if features.WINDOWS else _encoded(name)


def _encoded_pairs(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    return {_encoded_name(name): _encoded(value) for name, value in pairs}


def _told(env: dict[Any, Any] | None) -> dict[Any, Any] | None:
    """An environment that contains the policy; None if there is no policy to pass on.

    Args:
        env: the environment that the caller gives, as the system has it; None for that of this process.
    """
    given = real.environment() if env is None else env
    added = _to_be_added(given)
    return {**given, **added} if added else None


def _to_be_added(environment: Mapping[Any, Any]) -> dict[Any, Any]:
    """The variables that tell a program the policy in force; none if the policy forbids nothing."""
    scope = subjects.scope_in_force()
    policy = None if scope is None else subjects.answering(scope)[1]
    if scope is None or policy is None or LIMITS[policy.size].network == ANYWHERE:
        return {}
    described = inheritance.describe(scope)
    code = inheritance.boot_code("_children.child_boot", described, described)
    path = environment.get(_encoded("PYTHONPATH"))
    told = {"HERMETIC_CHILD": code, "PYTHONPATH": os.pathsep.join([_FOLDER, *([os.fsdecode(path)] if path else [])])}
    return {_encoded(name): _encoded(value) for name, value in told.items()}
