"""Finds the files that a file imports, directly and through other files, by reading their source.

An import counts wherever it stands in a file. So does the name of a module in a string with dots, such as the target of
a patch: too many dependences cost a few seconds, and a missing one hides a failure.
"""

from __future__ import annotations

import ast
import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .source_files import Signature

_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")


class ImportGraph:
    """The imports among the files of a project."""

    def __init__(self) -> None:
        self._names: dict[str, tuple[Signature, frozenset[str]]] = {}  # of each file, when it was read
        self._files: Mapping[str, Signature] = {}
        self._path: Sequence[str] = ()

    def update(self, files: Mapping[str, Signature], path: Sequence[str]) -> None:
        """Use the files as they are now.

        Args:
            path: the folders that modules are imported from.
        """
        self._files, self._path = files, path
        self._names = {file: names for file, names in self._names.items() if file in files}

    def files_of(self, module: str) -> set[str]:
        """Return the files of a module and of the packages that it is in; none if it is not part of the project."""
        parts = module.split(".")
        for folder in self._path:
            found = {*self._along(folder, parts)}
            if found:
                return found
        return set()

    def closure(self, file: str) -> frozenset[str]:
        """Return the files that a file needs, including the file itself."""
        found, new = {file}, [file]
        while new:
            for needed in self._needed_by(new.pop()) - found:
                found.add(needed)
                new.append(needed)
        return frozenset(found)

    def _needed_by(self, file: str) -> set[str]:
        found = {path for path in self._packages_of(file) if path in self._files}
        for name in self._names_in(file):
            module = name.lstrip(".")
            level = len(name) - len(module)
            if level:
                folder = file
                for _ in range(level):
                    folder = os.path.dirname(folder)
                init = os.path.join(folder, "__init__.py")
                found |= {init} & self._files.keys()
                found.update(self._along(folder, module.split(".")))
            else:
                found |= self.files_of(module)
        return found

    def _packages_of(self, file: str) -> Iterator[str]:
        """The ``__init__.py`` of each package around a file, which are imported before it."""
        folder = os.path.dirname(file)
        while (init := os.path.join(folder, "__init__.py")) in self._files:
            yield init
            folder = os.path.dirname(folder)

    def _along(self, folder: str, parts: Sequence[str]) -> Iterator[str]:
        """The files of a module and of its packages, from the folder of the first of them on."""
        for part in parts:
            folder = os.path.join(folder, part)
            for path in (f"{folder}.py", os.path.join(folder, "__init__.py")):
                if path in self._files:
                    yield path

    def _names_in(self, file: str) -> frozenset[str]:
        """The names of modules in a file; while it has a syntax error, the names that it had before."""
        signature = self._files.get(file)
        known = self._names.get(file)
        if signature is None or (known is not None and known[0] == signature):
            return known[1] if known is not None else frozenset()
        try:
            with open(file, "rb") as source:
                names = frozenset(_names_in(ast.parse(source.read())))
        except (OSError, SyntaxError, ValueError, RecursionError):
            names = known[1] if known is not None else frozenset()
        self._names[file] = signature, names
        return names


def _names_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield module
            dot = "" if module.endswith(".") else "."
            yield from (f"{module}{dot}{alias.name}" for alias in node.names if alias.name != "*")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _DOTTED.fullmatch(node.value):
            yield node.value
