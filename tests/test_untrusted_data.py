"""Data from children and workers is never executed, and no channel has a name.

Read from the source: each use of what can run code, or be found by others, stands in a list here, with its reason.
"""

from __future__ import annotations

import ast
import functools

from hermetic import HermeticTestCase, medium
from support import some_pythons_do
from support.source_tree import imports, modules

setUpModule = some_pythons_do

# What makes objects of bytes by running what the bytes say, or can crash on those that it has not written itself.
LOADERS = {"pickle", "_pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "copyreg"}
MAY_IMPORT_LOADERS = {
    ("_workers.addressing", "pickle"),  # from the run to its worker: attributes of a test; read in the worker alone
    ("_protocol.stand_in_classes", "copyreg"),  # for runners that pickle what they are told of: theirs to read
}
UNPICKLING = {"pickle.loads", "pickle.load", "pickle.Unpickler", "Unpickler"}
MAY_UNPICKLE = {("_workers.addressing", "unpacked")}  # called where a worker sets the attributes of a test

# What runs code that is given as text, or compiled.
RUNNING = {"exec", "eval", "compile", "builtins.exec", "builtins.eval", "builtins.compile"}
MAY_RUN_CODE = {
    ("_protocol.tracebacks", "exec"),  # a template of its own, under the names of a frame
    ("_protocol.tracebacks", "compile"),  # that template
    ("_children.site.sitecustomize", "exec"),  # in the child: what its parent has told it in its environment
}

# What gives a channel a name, by which others would find it.
NAMING = {"bind", "listen", "accept", "connect", "connect_ex", "mkfifo", "create_server", "create_connection"}
MAY_NAME = {
    ("_django_host.clones", "connect"),  # to a copy of a database of the user's, in a file or in memory
    ("_doubles.asyncio_children", "listen"),  # of a child that is none
    ("_pytest_host.item_databases", "connect"),  # Django's own method, behind a check
    ("_sandbox.availability", "connect_ex"),  # an attempt that the kernel is to refuse
}


@functools.cache
def calls() -> set[tuple[str, str, str]]:
    """Module, function and name of what is called, with that of what it is taken from, for all calls."""
    found = set()
    for module, tree in modules().items():
        functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
        for owner in (tree, *functions):
            name = getattr(owner, "name", "")
            found |= {(module, name, name_of(node.func)) for node in ast.walk(owner) if isinstance(node, ast.Call)}
    return found


def name_of(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return f"{function.value.id if isinstance(function.value, ast.Name) else ''}.{function.attr}"
    return function.id if isinstance(function, ast.Name) else ""


@medium  # it reads all of the package
class UntrustedDataTest(HermeticTestCase):
    def test_what_could_run_code_is_imported_in_few_places(self):
        found = {(module, name.partition(".")[0]) for module, name in imports(executed=False)}
        self.assertEqual(MAY_IMPORT_LOADERS, {pair for pair in found if pair[1] in LOADERS})

    def test_pickles_are_read_in_one_function(self):
        found = {(module, function) for module, function, name in calls() if function and name in UNPICKLING}
        self.assertEqual(MAY_UNPICKLE, found)

    def test_code_is_run_in_few_places(self):
        self.assertEqual(MAY_RUN_CODE, {(module, name) for module, _, name in calls() if name in RUNNING})

    def test_no_channel_has_a_name(self):
        found = {(module, name.rpartition(".")[2]) for module, _, name in calls()}
        self.assertEqual(MAY_NAME, {pair for pair in found if pair[1] in NAMING})
