"""Raises an exception in one function of hermetic, in each process of a run; loaded by each Python at its start.

What to do is in the environment:

    FAULT_TARGET   the function, as ``hermetic._guards.audit:judge``
    FAULT_CALL     which of its calls in a process fails, as ``1``
    FAULT_LOG      instead of both: a file that gets the name of each function at its first call in a process

The source of hermetic is changed as it is loaded: a call is put at the start of a function, so that it makes no
difference by which name somebody has it.
"""

from __future__ import annotations

import ast
import importlib.machinery
import os
import sys

_TARGET = os.environ.get("FAULT_TARGET", "")
_CALL = int(os.environ.get("FAULT_CALL", "1"))
_LOG = os.environ.get("FAULT_LOG", "")
_calls: dict[str, int] = {}


class InjectedFault(RuntimeError):
    """What nobody can expect."""


def on_call(name: str) -> None:
    """Stands at the start of functions."""
    count = _calls[name] = _calls.get(name, 0) + 1
    if _LOG and count == 1:
        handle = os.open(_LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        os.write(handle, f"{name}\n".encode())
        os.close(handle)
    elif not _LOG and count == _CALL:
        raise InjectedFault(f"in {name}")


class _Marker(ast.NodeTransformer):
    """Puts the call at the start of functions.

    Args:
        module: the full name of the module that they are in.
    """

    def __init__(self, module: str) -> None:
        self.module = module
        self.path: list[str] = []

    def visit_FunctionDef(self, node):
        self.path.append(node.name)
        self.generic_visit(node)
        name = f"{self.module}:{'.'.join(self.path)}"
        self.path.pop()
        if _LOG or name == _TARGET:
            has_docstring = isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant)
            call = ast.parse(f"__import__('fault').on_call({name!r})").body
            node.body[has_docstring:has_docstring] = [ast.copy_location(call[0], node.body[0])]
        return node

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node):
        self.path.append(node.name)
        self.generic_visit(node)
        self.path.pop()
        return node


class _Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname):
        path = self.get_filename(fullname)
        tree = _Marker(fullname).visit(ast.parse(self.get_data(path)))
        return compile(ast.fix_missing_locations(tree), path, "exec", dont_inherit=True)


class _Finder:
    def find_spec(self, fullname, path, target=None):
        if not (fullname.partition(".")[0] == "hermetic" and (_LOG or fullname == _TARGET.partition(":")[0])):
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None:
            spec.loader = _Loader(fullname, spec.origin)
        return spec


if _TARGET or _LOG:
    sys.meta_path.insert(0, _Finder())
