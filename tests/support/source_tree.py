"""Reads the source of the package: its modules as syntax trees, and what each of them imports."""

from __future__ import annotations

import ast
import functools
import os
from collections.abc import Iterator

import hermetic

PACKAGE = os.path.dirname(os.path.abspath(hermetic.__file__))


@functools.cache
def modules(top: str = PACKAGE) -> dict[str, ast.Module]:
    """Every module below a folder, which is the package by default: its name below the folder to its syntax tree."""
    found = {}
    for folder, _, files in os.walk(top):
        for file in files:
            if file.endswith(".py"):
                path = os.path.join(folder, file)
                with open(path, encoding="utf-8") as source:
                    found[os.path.relpath(path, top)[:-3].replace(os.sep, ".")] = ast.parse(source.read())
    return found


@functools.cache
def graph() -> dict[str, set[str]]:
    """Each module of the package to those that it imports, those imported in functions or only for types included."""
    known = {module.removesuffix(".__init__"): module for module in modules()}
    edges: dict[str, set[str]] = {module: set() for module in modules()}
    for module, name in imports(executed=False):
        path = name.removeprefix("hermetic.") if name.startswith("hermetic.") else ""
        found = next((known[part] for part in (path, path.rpartition(".")[0]) if part in known), module)
        edges[module] |= {found} - {module}
    return edges


def executed_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes except those under ``if TYPE_CHECKING``."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        yield node
        yield from executed_nodes(node)


def imported_names(module: str, node: ast.AST, *, package: str = "hermetic") -> list[str]:
    """The full names of the modules, classes and functions that a node imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        above = [package, *module.split(".")][: -node.level] if node.level else []
        base = ".".join([*above, *([node.module] if node.module else [])])
        return [f"{base}.{alias.name}" for alias in node.names]
    function = ast.unparse(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""
    if function in ("import_module", "__import__") and isinstance(node.args[0], ast.Constant):
        return [str(node.args[0].value)]
    return []


@functools.cache
def imports(*, executed: bool) -> list[tuple[str, str]]:
    """Pairs of a module of the package and a name that it imports."""
    return [
        (module, name)
        for module, tree in modules().items()
        for node in (executed_nodes(tree) if executed else ast.walk(tree))
        for name in imported_names(module, node)
    ]
