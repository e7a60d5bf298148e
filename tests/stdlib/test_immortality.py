"""The code of packages becomes immortal, and nothing else does."""

from __future__ import annotations

import sysconfig
import textwrap
import unittest

import hermetic
import support
from hermetic._base import features

TAKES_PART = """
    import gc, json, sys, weakref
    from hermetic._stdlib import immortality

    class Theirs:
        def method(self): pass

    def theirs(): pass

    json.theirs, json.Theirs, json.named = theirs, Theirs, {"a": theirs}  # in the namespace of another module
    parts = [
        json, vars(json), json.loads, json.loads.__code__, json.JSONDecoder, json.JSONDecoder.decode,
        json.JSONDecoder.decode.__code__, str.encode, len,
    ]
    others = [theirs, theirs.__code__, Theirs, Theirs.method, json.named, parts]
    before = [*map(sys.getrefcount, others)]
    immortality.make_immortal(["json", "builtins"])
"""


@hermetic.medium
class ImmortalCodeTest(hermetic.HermeticTestCase):
    def printed(self, code: str) -> str:
        """What an interpreter prints after it has made the code of json immortal."""
        done = support.run_python("-c", textwrap.dedent(TAKES_PART) + textwrap.dedent(code))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.strip()

    @unittest.skipUnless(features.HAS_IMMORTAL_OBJECTS, "this Python has no immortal objects")
    @unittest.skipIf(sysconfig.get_config_var("Py_GIL_DISABLED"), "without the GIL, references are counted elsewhere")
    def test_functions_classes_and_modules_of_the_packages_have_the_count_of_none(self):
        self.assertEqual("True", self.printed("print({*map(sys.getrefcount, parts)} == {sys.getrefcount(None)})"))

    def test_what_others_have_put_there_keeps_its_count(self):
        self.assertEqual("True", self.printed("print([*map(sys.getrefcount, others)] == before)"))

    def test_a_class_that_somebody_has_put_there_can_go(self):
        code = """
            seen = weakref.ref(Theirs)
            del json.Theirs, Theirs, others
            gc.collect()
            print(seen())
        """
        self.assertEqual("None", self.printed(code))

    def test_python_goes_on_and_ends_as_before(self):
        code = """
            gc.freeze()
            gc.unfreeze()
            for _ in range(3):
                gc.collect()
                json.loads(json.dumps(["a", {"b": 1.5}]))
            print("done")
        """
        self.assertEqual("done", self.printed(code))
