"""Refuses to run on a Python that hermetic does not support.

The package calls it before it imports anything else. Both files are therefore written so that every Python can read
them: without annotations and f-strings.
"""

import os
import sys

_NAMES = {"cpython": "Python", "pypy": "PyPy", "graalpy": "GraalPy"}


def check():  # type: () -> None
    """Refuse to run on an unsupported Python: end a program of hermetic with a line and exit code 2.

    Raises:
        ImportError: another program imports hermetic.
    """
    implementation = getattr(sys, "implementation", None)  # not in Python 2
    name = "cpython" if implementation is None else implementation.name
    if name != "cpython":
        reason = "the guard needs audit events and internal functions that only CPython has"
    elif sys.version_info < (3, 10):  # noqa: UP036 - that is the question
        reason = "it uses syntax and functions that came with Python 3.10"
    else:
        return
    text = "hermetic does not support {} {}: {}; use CPython 3.10 or newer".format(
        _NAMES.get(name, name), ".".join(map(str, sys.version_info[:3])), reason
    )
    program = (getattr(sys, "argv", None) or [""])[0]
    # While Python looks for the module of `-m`, the name of the program is "-m"; in Python 2, it is "-c".
    if program in ("-m", "-c") or os.path.splitext(os.path.basename(program))[0] == "hermetic":
        sys.stderr.write(text + "\n")
        sys.exit(2)
    raise ImportError(text)
