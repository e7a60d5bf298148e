"""Calls each function of call_styles.py in a small test, and again with each proposal of the message followed.

Prints what did not help, one line each, and how many styles there are.
"""

from __future__ import annotations

import contextlib
import inspect
import logging
import re
import sys
import warnings
from unittest import mock

import hermetic
from hermetic import ViolationError
from samples import call_styles

logging.raiseExceptions = False
warnings.simplefilter("ignore")  # sockets of servers that were refused


def refusal(function):
    """The violation of a call; None if nothing is refused."""
    try:
        with hermetic.guard("small"), contextlib.suppress(Exception):
            function()
    except ViolationError as error:
        return error
    return None


def patched(target):
    return mock.patch(target)


def scripted(call):
    @contextlib.contextmanager
    def block():
        with hermetic.SubprocessMock() as sp:
            eval(call, {"sp": sp})
            yield sp

    return block()


PROPOSALS = [(r'mock\.patch\("(.+)"\)', patched), (r"\b(sp\.mock_run\(.+\))", scripted)]


def follow(name, function):
    error = refusal(function)
    if error is None:
        yield "is not refused"
    text = str(error)
    if "mock.patch(" not in text:
        yield f"nothing to patch in {text}"
    for pattern, apply in PROPOSALS:
        for written in re.findall(pattern, text):
            with apply(written) as double:
                again = refusal(function)
            if again is not None:
                yield f"{written} does not help: {again}"
            if isinstance(double, mock.Mock) and not double.mock_calls:
                yield f"{written} is not what is called"


styles = [
    (name, function)
    for name, function in vars(call_styles).items()
    if inspect.isfunction(function) and function.__module__ == call_styles.__name__ and name != "work"
]
for name, function in styles:
    for trouble in follow(name, function):
        print(f"{name} {trouble}", file=sys.stderr)
print(len(styles), "styles", file=sys.stderr)
