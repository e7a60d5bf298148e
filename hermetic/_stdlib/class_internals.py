"""Changes the attributes of C types, which Python code cannot set."""

from __future__ import annotations

import contextlib
import gc
import sys

from .._base import features, real

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def class_namespace(cls: type) -> dict[str, Any]:
    """Return the dictionary behind the read-only ``__dict__`` of a class."""
    (namespace,) = gc.get_referents(cls.__dict__)
    assert type(namespace) is dict
    return namespace


def forget_cached_attributes(cls: type) -> None:
    """Clear the interpreter's attribute caches of a class whose namespace was changed directly."""
    if features.INTERPRETERS_SHARE_C_TYPES:  # clearing the caches of one interpreter would corrupt those of the others
        ctypes = real.import_module("ctypes")
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(cls))
        return
    clear = getattr(sys, "_clear_internal_caches", None) or sys._clear_type_cache
    clear()
    subclasses: list[type] = type.__subclasses__(cls)
    for subclass in subclasses:
        with contextlib.suppress(TypeError):  # a C type, whose caches are cleared already
            type.__setattr__(subclass, "_hermetic", None)  # changing a class invalidates its own caches
            type.__delattr__(subclass, "_hermetic")
