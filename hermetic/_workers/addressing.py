"""Addresses: how a worker that has not loaded a test finds it.

A test's id is not its address: ids repeat, and lack what a ``load_tests`` has added to a test, such as parameters. So
an address names the module, the class and the method, and holds the attributes that the constructor has not made.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import io
import os
import sys
import types
import unittest

from .._base import real
from .._base.command import NAME
from .._base.errors import IsolationError
from .._patches import forked_runs, unittest_classes
from .._rules import marking
from .._stdlib import unittest_internals
from .._verdicts.scopes import owner_name
from . import hosts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

__unittest = True

# The attributes that unittest gives every test; tests may add to those that are lists or dictionaries.
_STANDARD = {**vars(unittest.TestCase()), "_asyncioRunner": None, "_asyncioTestContext": None}
_MAX_WRAPPED = 100  # functions that wrap each other
_TEST = "the test"  # stands for the test in the pickles of its attributes


def address_of(test: Any) -> dict[str, Any]:
    """The address of a test.

    Raises:
        IsolationError: the test has none; the text says why, and what to do.
    """
    cls = type(test)
    name = unittest_internals.test_method_name(test)
    sent, unsent = {}, {}
    _refuse_what_is_elsewhere(test)
    for key, value in vars(test).items():
        if not _is_standard(key, value) and (key != name or not marking.is_of_class(value, cls, name)):
            try:
                sent[key] = packed(value, test)
            except Exception as error:  # noqa: BLE001 - the user's objects may raise anything
                unsent[key] = f"{type(error).__name__}: {error}"
    return {**address_of_object(cls), "method": name, "origin": _origin(test, name), "sent": sent, "unsent": unsent}


def _is_standard(key: str, value: Any) -> bool:
    """Whether an attribute of a test is still as unittest has made it."""
    if not isinstance(_STANDARD.get(key), (list, dict)):
        return key in _STANDARD
    return len(value) == len(_STANDARD[key])


def _origin(test: Any, name: str) -> list[list[Any]]:
    """The file, line and name of the test's method and of all that it wraps, to recognize another one of that name."""
    found: list[list[Any]] = []
    method = getattr(test, name, None)
    while method is not None and len(found) < _MAX_WRAPPED:
        code = getattr(getattr(method, "__func__", method), "__code__", None)
        if isinstance(code, types.CodeType):
            found.append([os.path.basename(code.co_filename), code.co_firstlineno, code.co_name])
        method = getattr(method, "__wrapped__", None)
    return found


def _refuse_what_is_elsewhere(test: Any) -> None:
    what = f"[H007] {owner_name(test)} cannot be isolated"
    if "tearDown" in vars(test):  # by pytest --pdb, which calls it after the debugger
        raise IsolationError(
            f"{what} under --pdb: the debugger cannot reach another process; set HERMETIC_NO_ISOLATION=1"
        )
    for host in hosts.in_use():
        host.refuse(test)


def address_of_object(found: Any) -> dict[str, Any]:
    """The address of a class or a function.

    Raises:
        IsolationError: it is not found by its name.
    """
    module_name, qualname = found.__module__, found.__qualname__
    module = sys.modules.get(module_name)
    what = f"{module_name}.{qualname}"
    if "<locals>" in qualname:
        raise IsolationError(
            f"[H007] {what} cannot be isolated: it is defined in a function; define it at module level"
        )
    try:
        known = _resolve(module, qualname)
    except AttributeError:
        known = None
    if known is not found and getattr(known, "__wrapped__", None) is not found:
        raise IsolationError(
            f"[H007] {what} cannot be isolated: its module has no such name (it was created at run time);"
            f" assign it to that name in its module, or run the tests with {NAME}"
        )
    file = getattr(module, "__file__", None)
    if module_name == "__main__" and (file is None or not os.path.isfile(file)):
        raise IsolationError(
            f"[H007] {what} cannot be isolated: it was typed in an interactive session; save it to a file"
        )
    return {"module": module_name, "file": file and os.path.abspath(file), "name": qualname}


def load_test(address: dict[str, Any]) -> Any:
    """Load the test at an address.

    Raises:
        IsolationError: an attribute that could not be sent is missing, or the method is another one.
        Exception: the import of its module raises it.
    """
    if "function" in address:
        return unittest.FunctionTestCase(_load_function(address["function"], address["method"]))
    cls = load_object(address)
    test = cls.__new__(cls)
    initialize = cls.__init__ if _takes_method_name(cls) else unittest.TestCase.__init__  # its attributes were sent
    initialize(test, address["method"])
    for key, value in address["sent"].items():
        vars(test)[key] = unpacked(value, test)
    what = f"[H007] {cls.__module__}.{cls.__qualname__}.{address['method']} cannot be isolated"
    for key, reason in address["unsent"].items():
        if key not in vars(test) or key in _STANDARD:
            raise IsolationError(
                f"{what}: its attribute {key!r} cannot be sent to another process ({reason}); create it in setUp, or"
                " make it picklable"
            )
    if _origin(test, address["method"]) != address["origin"]:
        raise IsolationError(
            f"{what}: its method was replaced after the module was imported, and another process would run the one that"
            " the module defines; replace it while the module is imported"
        )
    return test


def _takes_method_name(cls: type) -> bool:
    """Whether the constructor of a class takes the name of the method first, as unittest's does."""
    _, *parameters = inspect.signature(cls.__init__).parameters.values()  # type: ignore[misc]
    if not parameters:
        return False
    first = parameters[0]
    return first.kind is first.VAR_POSITIONAL or first.name.replace("_", "").lower() == "methodname"


def _load_function(address: dict[str, Any], method: str | None) -> Any:
    found = load_object(address)
    return found if method is None else getattr(found(), method)


def load_object(address: dict[str, Any]) -> Any:
    """The class or function at an address."""
    return _resolve(import_module(address["module"], address["file"]), address["name"])


def _resolve(module: ModuleType | None, qualname: str) -> Any:
    found: Any = module
    for part in qualname.split("."):
        found = getattr(found, part)
    return found


def import_module(name: str, file: str | None) -> ModuleType:
    """Import a module by its name, or by its file if the name is not found or is that of another module."""
    if name in sys.modules and name != "__main__":
        return sys.modules[name]
    with forked_runs.while_loading():
        return _import_main(str(file)) if name == "__main__" else _import_anew(name, file)


def _import_anew(name: str, file: str | None) -> ModuleType:
    try:
        module = real.import_module(name)
        if file is None or os.path.abspath(getattr(module, "__file__", None) or "") == file:
            return module
    except ModuleNotFoundError as error:
        if file is None or error.name is None or not (name == error.name or name.startswith(error.name + ".")):
            raise
    spec = importlib.util.spec_from_file_location(name, str(file))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _import_main(file: str) -> ModuleType:
    """Import the script that was run, as multiprocessing does: under another name, so that it runs nothing."""
    # If multiprocessing was imported early, as by coverage, the name stands for this interpreter's own main.
    if getattr(sys.modules.get("__mp_main__"), "__file__", None) != file:
        spec = importlib.util.spec_from_file_location("__mp_main__", file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["__mp_main__"] = sys.modules["__main__"] = module
        # A script without a guard ends where it runs its tests.
        with contextlib.suppress(SystemExit), unittest_classes.runs_replaced(lambda _: _run_nothing):
            spec.loader.exec_module(module)
    return sys.modules["__mp_main__"]


def _run_nothing(*_: Any, **__: Any) -> Any:
    raise SystemExit


# --- attributes of tests ---------------------------------------------------------------------------------------------


def packed(value: Any, test: Any) -> str:
    """Pickle the value of an attribute; references to the test become references to its copy in the worker.

    Raises:
        Exception: the value cannot be pickled.
    """
    import pickle  # most workers need none of it

    class Pickler(pickle.Pickler):
        def persistent_id(self, value: Any) -> str | None:
            return _TEST if value is test else None

        def reducer_override(self, value: Any) -> Any:
            # pickle would name a method by its function's name, which another method of the class may have.
            if isinstance(value, types.MethodType) and not isinstance(value.__self__, type):
                return _bound, (value.__func__, value.__self__)
            return NotImplemented

    file = io.BytesIO()
    Pickler(file).dump(value)
    return file.getvalue().hex()


def unpacked(text: str, test: Any) -> Any:
    """Read a text of ``packed`` for a copy of the test."""
    import pickle  # most workers need none of it

    class Unpickler(pickle.Unpickler):
        def persistent_load(self, _: Any) -> Any:
            return test

    return Unpickler(io.BytesIO(bytes.fromhex(text))).load()


def _bound(function: Any, owner: Any) -> types.MethodType:
    return types.MethodType(function, owner)
