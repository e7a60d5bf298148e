"""Do the unit tests of policy and events notice every change? Small ones are made to the code, one at a time.

    python tests/mutation.py          # who survived, and the score; status 1 if it is below 100 %

A mutant that no test fails for has survived. One that behaves as the original is equivalent: it stands in
equivalent_mutants.txt with the reason, and does not count. The score is the percentage of the others that were killed.

It is a script of ours because mutmut runs pytest alone and changes nothing outside of functions, and cosmic-ray starts
an interpreter for each mutant, changes no text, and counts annotations. Here a mutant is a fork that has the standard
library loaded: it imports our package, with one module changed, and runs the tests of that. The guard is off in it: a
guard that fails is no test that fails.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import os
import signal
import subprocess
import sys
import tempfile
import unittest
from collections import Counter
from importlib.machinery import SourceFileLoader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = os.path.dirname(os.path.abspath(__file__))
TESTS_OF = {
    "hermetic._policy.decision": "policy.test_decision",
    "hermetic._operations.events": "operations.test_events",
}
SECONDS = 60  # a mutant that takes longer never ends, which the tests have noticed

OPERATORS = {
    ast.Eq: [ast.NotEq], ast.NotEq: [ast.Eq], ast.Is: [ast.IsNot], ast.IsNot: [ast.Is], ast.In: [ast.NotIn],
    ast.NotIn: [ast.In], ast.Lt: [ast.LtE, ast.GtE], ast.LtE: [ast.Lt, ast.Gt], ast.Gt: [ast.GtE, ast.LtE],
    ast.GtE: [ast.Gt, ast.Lt], ast.And: [ast.Or], ast.Or: [ast.And], ast.Add: [ast.Sub], ast.Sub: [ast.Add],
    ast.Mult: [ast.Add], ast.BitOr: [ast.BitAnd],
}  # fmt: skip
VALUES = {bool: lambda value: not value, int: lambda value: value + 1, str: lambda value: "" if value else "x"}
NODES = {  # what could stand in the place of one; None for nothing at all
    ast.Constant: lambda node: [ast.Constant(VALUES[type(node.value)](node.value))] if node.value is not None else [],
    ast.BoolOp: lambda node: node.values,
    ast.UnaryOp: lambda node: [node.operand],
    ast.IfExp: lambda node: [node.body, node.orelse],
    ast.If: lambda node: [ast.If(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)],
    ast.Return: lambda node: [] if isinstance(node.value, ast.Constant) else [ast.Return()],
    ast.keyword: lambda _: [None],
}


def places_in(node: ast.AST, where: str) -> Iterator[tuple[str, ast.AST, str, int | None]]:
    """Where there is code below a node: a name, the node above, its field, and the index in that if it is a list."""
    for field, value in ast.iter_fields(node):
        if field in {"annotation", "returns"}:
            continue
        for index, child in enumerate(value if isinstance(value, list) else [value]):
            is_docstring = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
            is_for_types = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
            if isinstance(child, ast.AST) and not is_docstring and not is_for_types:
                yield where, node, field, index if isinstance(value, list) else None
                inner = f"{where}.{child.name}" if isinstance(child, (ast.FunctionDef, ast.ClassDef)) else where
                yield from places_in(child, inner)


def mutants_of(module: str) -> Iterator[tuple[str, ast.Module]]:
    """Each mutant of a module: a name, which holds the line of the change, and the changed tree until the next one."""
    with open(path_of(module), encoding="utf-8") as file:
        source = file.read()
    tree, lines = ast.parse(source), source.splitlines()
    times: Counter[str] = Counter()
    for where, parent, field, index in [*places_in(tree, module)]:
        value = getattr(parent, field)
        old = value if index is None else value[index]
        for new in [other() for other in OPERATORS.get(type(old), ())] + NODES.get(type(old), lambda _: [])(old):
            line = lines[getattr(old, "lineno", getattr(parent, "lineno", 0)) - 1].strip()
            name = f"{where}: {line}: {text_of(old)} -> {text_of(new)}"
            times[name] += 1
            changed = [*value[:index], *filter(None, [new]), *value[index + 1 :]] if isinstance(value, list) else new
            setattr(parent, field, changed)
            yield f"{name} ({times[name]})" if times[name] > 1 else name, tree
            setattr(parent, field, value)


def text_of(node: ast.AST | None) -> str:
    """A node, on one line."""
    if node is None or isinstance(node, (ast.operator, ast.cmpop, ast.boolop)):
        return type(node).__name__
    return " ".join(ast.unparse(node).partition("\n")[0].split())


def path_of(module: str) -> str:
    """The file of a module."""
    return os.path.join(os.path.dirname(TESTS), *module.split(".")) + ".py"


def put_in_place(module: str, tree: ast.Module) -> None:
    """Have a module be a tree, once it is imported."""
    changed = compile(ast.fix_missing_locations(tree), path_of(module), "exec")
    original = SourceFileLoader.get_code
    SourceFileLoader.get_code = lambda self, name: changed if name == module else original(self, name)


def survives(module: str, tree: ast.Module | None = None) -> bool:
    """Whether all tests of a module pass if it is this; as it is, for None."""
    pid = os.fork()
    if pid == 0:
        signal.alarm(SECONDS)  # nobody handles it: it ends the process
        is_alive = False
        with contextlib.suppress(BaseException), open(os.devnull, "w", encoding="utf-8") as sys.stderr:
            sys.stdout = sys.stderr
            if tree is not None:
                put_in_place(module, tree)
            result = unittest.TestResult()
            result.failfast = True
            unittest.defaultTestLoader.loadTestsFromName(TESTS_OF[module]).run(result)
            is_alive = result.testsRun > 0 and result.wasSuccessful()
        os._exit(not is_alive)
    return os.waitpid(pid, 0)[1] == 0


def load_standard_library() -> None:
    """Import what the tests use of it, so that no fork has to: half of its time."""
    code = "import sys, unittest; unittest.defaultTestLoader.loadTestsFromNames(sys.argv[1:]); print(*sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code, *TESTS_OF.values()]
    for name in subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.split():
        if name.partition(".")[0] in sys.stdlib_module_names:
            importlib.import_module(name)


def try_all() -> tuple[list[str], list[str]]:
    """The names of the mutants that were killed, and of those that survived."""
    killed, survivors = [], []
    os.environ["HERMETIC_MODE"] = "off"
    sys.path[:0] = [os.path.dirname(TESTS), TESTS]
    with tempfile.TemporaryDirectory() as sys.pycache_prefix:  # nothing but a mutant is compiled more than once
        sys.dont_write_bytecode = False
        load_standard_library()
        for module, tests in TESTS_OF.items():
            if not survives(module):
                sys.exit(f"{tests} fails as things are")
            for name, tree in mutants_of(module):
                (survivors if survives(module, tree) else killed).append(name)
    return killed, survivors


def main() -> int:
    """Try all mutants, print those that survived, and the score."""
    with open(os.path.join(TESTS, "equivalent_mutants.txt"), encoding="utf-8") as file:
        equivalent = {line.rstrip("\n") for line in file if line.startswith("hermetic.")}
    killed, survivors = try_all()
    wrong = [f"survived: {name}" for name in survivors if name not in equivalent]
    lost = [f"not equivalent, or no mutant any more: {name}" for name in equivalent.difference(survivors)]
    print(*wrong, *lost, sep="\n", end="\n" if wrong or lost else "")
    score = 100 * len(killed) / (len(killed) + len(wrong))
    print(f"{len(killed)} killed, {len(wrong)} survived, {len(equivalent)} equivalent: {score:.1f} %")
    return int(bool(wrong or lost))


if __name__ == "__main__":
    sys.exit(main())
