"""Adds size decorators to source text, and leaves every other byte as it is.

    Source(data)                the text of a module, as bytes
    .class_line, .method_line   the line where a definition begins, with its decorators; None for one not in the text
    .marked({line: "small"})    the bytes with the decorators, and the import that they need

The edited text is parsed and compared with the original: apart from the decorators and the import, it means the same.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import TypeAlias

    Definition: TypeAlias = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef

_PACKAGE = "hermetic"
_DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class CannotEditError(Exception):
    """A file cannot be edited; the text says why."""


class Source:
    """A module's source text.

    Raises:
        CannotEditError: the file is not valid Python source.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        try:
            self._encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
            self._text = data.decode(self._encoding)
            self._tree = ast.parse(data)
        except (SyntaxError, ValueError, LookupError) as error:
            raise CannotEditError(f"it cannot be read: {error}") from error
        if self._text.encode(self._encoding) != data:
            raise CannotEditError(f"saving it as {self._encoding} would change other text")
        # Lines as Python counts them: str.splitlines() splits at more characters.
        self._lines = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", self._text)

    def class_line(self, qualified_name: str) -> int | None:
        """The line where a class begins; None unless the text defines it exactly once."""
        found: list[ast.Module | ast.stmt] = [self._tree]
        for name in qualified_name.split("."):
            found = [node for scope in found for node in _children(scope) if _is_class(node, name)]
        return _first_line(found[0]) if len(found) == 1 and isinstance(found[0], ast.ClassDef) else None

    def method_line(self, name: str, line: int) -> int | None:
        """The line where a function begins; None if no function of that name begins there."""
        found = [node for node in ast.walk(self._tree) if isinstance(node, _DEFINITIONS[1:]) and node.name == name]
        return line if any(_first_line(node) == line for node in found) else None

    def marked(self, marks: Mapping[int, str]) -> bytes:
        """The bytes of the text with decorators.

        Args:
            marks: the name of each size, by the line where the definition begins.

        Raises:
            CannotEditError: the module gives the names of the decorators another meaning.
        """
        imports = _Imports(self._tree, sorted(set(marks.values())), above=min(marks))
        lines = [*self._lines]
        for line, size in sorted(marks.items(), reverse=True):
            old = lines[line - 1]
            indentation = old[: len(old) - len(old.lstrip())]
            lines.insert(line - 1, f"{indentation}@{imports.names[size]}{self._line_end(line)}")
        if imports.missing:
            self._add_import(lines, imports)
        text = "".join(lines)
        # Compare the meaning, so that a mistake here never costs anybody a test.
        if _meaning(text, imports.names) != _meaning(self._text, imports.names):
            raise CannotEditError("the edit would change more than the marks")
        return text.encode(self._encoding)

    def _line_end(self, line: int) -> str:
        found = re.search(r"\r\n|\r|\n", self._lines[line - 1]) or re.search(r"\r\n|\r|\n", self._text)
        return found.group() if found else "\n"

    def _add_import(self, lines: list[str], imports: _Imports) -> None:
        """Add missing names to an import of hermetic above the marks, or as a line below the first imports."""
        if imports.extended is not None:
            self._extend(lines, imports.extended, imports.missing)
            return
        after, is_apart = _place_of_import(self._tree)
        end = self._line_end(after or 1)
        above, below = [end] * is_apart, [end] * bool(lines[after].strip())
        lines[after:after] = [*above, f"{imports.statement}{end}", *below]

    def _extend(self, lines: list[str], statement: ast.ImportFrom, missing: Sequence[str]) -> None:
        last = statement.names[-1]
        row = (last.end_lineno or 1) - 1
        old = lines[row]
        column = len(old.encode()[: last.end_col_offset].decode())
        head, tail = old[:column], old[column:]
        if row + 1 == statement.lineno or head[: len(head) - len(_last_alias(head))].strip():
            lines[row] = f"{head}, {', '.join(missing)}{tail}"
            return
        indentation, end = head[: len(head) - len(head.lstrip())], self._line_end(row + 1)
        new = [f"{indentation}{name},{end}" for name in missing]  # one name a line, like the names before
        lines[row : row + 1] = [old if tail.startswith(",") else f"{head},{tail}", *new]


class _Imports:
    """The names of the decorators in a module, and the imports that they need.

    Args:
        above: the line of the first mark; later imports do not count.

    Attributes:
        names: the name to write for each size.
        missing: the names that must still be imported.
        extended: the import of hermetic that the missing names are added to; None for a new import.
        statement: the new import.
    """

    def __init__(self, tree: ast.Module, sizes: Sequence[str], *, above: int) -> None:
        self.names: dict[str, str] = {}
        self.missing: list[str] = []
        self.extended: ast.ImportFrom | None = None
        self.statement = ""
        self._module = ""
        for node in tree.body:
            if node.lineno < above:
                self._read(node)
        wanted = [size for size in sizes if size not in self.names]
        if self._module and wanted:
            self.names |= {size: f"{self._module}.{size}" for size in wanted}
        elif wanted:
            self._import(tree, wanted)

    def _read(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Import):
            self._module = next((a.asname or a.name for a in node.names if a.name == _PACKAGE), self._module)
        elif isinstance(node, ast.ImportFrom) and node.module == _PACKAGE and not node.level:
            self.names |= {alias.name: alias.asname or alias.name for alias in node.names}
            if node.names[0].name != "*":
                self.extended = node

    def _import(self, tree: ast.Module, wanted: Sequence[str]) -> None:
        taken = set(_bound_names(tree))
        if not taken.intersection(wanted):
            self.missing = [*wanted]
            self.names |= {size: size for size in wanted}
            self.statement = f"from {_PACKAGE} import {', '.join(wanted)}"
            return
        if _PACKAGE in taken:
            raise CannotEditError(f"{_PACKAGE!r} and one of {', '.join(wanted)} mean something else in it")
        self.missing, self.extended = [_PACKAGE], None
        self.names |= {size: f"{_PACKAGE}.{size}" for size in wanted}
        self.statement = f"import {_PACKAGE}"


def _place_of_import(tree: ast.Module) -> tuple[int, bool]:
    """Where to add an import: below the first imports, or the docstring, or comments.

    Returns:
        The line to add it after, and whether a blank line separates it from the lines above.
    """
    after, is_apart = _first_line(tree.body[0]) - 1, False
    for number, node in enumerate(tree.body):
        is_docstring = not number and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not isinstance(node, (ast.Import, ast.ImportFrom)) and not is_docstring:
            break
        after = node.end_lineno or after
        is_apart = is_docstring or _is_of_standard_library(node)
    for node in tree.body:  # statements on the line of the last import
        if node.lineno <= after:
            after = max(after, node.end_lineno or 0)
    return after, is_apart


def _children(node: ast.AST) -> Iterator[Definition]:
    """The definitions in a body, with those under ``if``, ``try`` and ``with``."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _DEFINITIONS):
            yield child
        elif isinstance(child, (ast.If, ast.Try, ast.With, ast.ExceptHandler)):
            yield from _children(child)


def _is_class(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.ClassDef) and node.name == name


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _last_alias(head: str) -> str:
    found = re.search(r"\w+(\s+as\s+\w+)?$", head)
    return found.group() if found else ""


def _is_of_standard_library(node: ast.AST) -> bool:
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [getattr(node, "module", None)]
    return all((name or ".").partition(".")[0] in sys.stdlib_module_names for name in names)


def _bound_names(tree: ast.Module) -> Iterator[str]:
    """Every name that a module binds anywhere."""
    for node in ast.walk(tree):
        if isinstance(node, _DEFINITIONS):
            yield node.name
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from ((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            yield from node.names
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            yield node.name


def _meaning(text: str, names: Mapping[str, str]) -> str:
    """A module without its marks and its imports of hermetic, in a form that can be compared."""
    tree = ast.parse(text)
    tree.body = [node for node in tree.body if not _is_import_of_ours(node)]
    ours = set(names.values())
    for node in ast.walk(tree):
        if isinstance(node, _DEFINITIONS):
            node.decorator_list = [one for one in node.decorator_list if ast.unparse(one) not in ours]
    return ast.dump(tree)


def _is_import_of_ours(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names] == [_PACKAGE]
    return isinstance(node, ast.ImportFrom) and node.module == _PACKAGE and not node.level
