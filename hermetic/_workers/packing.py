"""The attributes of a test as text, and back: what refers to the test refers to its copy in a worker.

It is loaded only where a test has attributes that its constructor does not make.
"""

from __future__ import annotations

import io
import pickle
import types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__unittest = True

_TEST = "the test"


def packed(value: Any, test: Any) -> str:
    """A value as text.

    Args:
        value: of an attribute.
        test: the test that has the attribute.

    Raises:
        Exception: the value cannot be pickled.
    """
    file = io.BytesIO()
    _Pickler(file, test).dump(value)
    return file.getvalue().hex()


def unpacked(text: str, test: Any) -> Any:
    """The value of a text as of ``packed``, for a copy of the test."""
    return _Unpickler(io.BytesIO(bytes.fromhex(text)), test).load()


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, test: Any) -> None:
        super().__init__(file)
        self._test = test

    def persistent_id(self, value: Any) -> str | None:
        return _TEST if value is self._test else None

    def reducer_override(self, value: Any) -> Any:
        # pickle names a method by its function's name, which may be that of another method of the object's class.
        if isinstance(value, types.MethodType) and not isinstance(value.__self__, type):
            return _bound, (value.__func__, value.__self__)
        return NotImplemented


def _bound(function: Any, owner: Any) -> types.MethodType:
    return types.MethodType(function, owner)


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, test: Any) -> None:
        super().__init__(file)
        self._test = test

    def persistent_load(self, _: Any) -> Any:
        return self._test
