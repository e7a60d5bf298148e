"""What a variation makes of an environment, and what a machine cannot do."""

from __future__ import annotations

import os
import sys
from unittest import mock

from hermetic import HermeticTestCase, medium
from hermetic._variations import variation
from hermetic._variations.variation import Variation, environment_of


def setting(**environ):
    return Variation("subject", "value", "it", environ)


class EnvironmentTest(HermeticTestCase):
    def made(self, *variations, environ=None):
        return environment_of(variations, environ or {"PATH": "/bin", "HOME": "/home", "OTHER": "x"}, "/new")

    def test_variables_are_set_and_removed(self):
        made = self.made(setting(A="1", HOME=None), setting(B="{folder}/b", C=lambda: "2"))
        self.assertEqual(made, {"PATH": "/bin", "OTHER": "x", "A": "1", "B": "/new/b", "C": "2"})

    def test_what_is_kept_is_kept_before_anything_is_set(self):
        few = Variation("environment", "few", "it", keeps=("PATH",))
        self.assertEqual(self.made(setting(CI="true"), few), {"PATH": "/bin", "CI": "true"})


class ReasonTest(HermeticTestCase):
    def test_what_is_so_already_is_left_out(self):
        with mock.patch.dict(os.environ, {"NAME": "x"}):
            self.assertEqual(variation.already("NAME", "x")(), "NAME is so already")
            self.assertEqual(variation.already("NAME", None)(), "")
        self.assertEqual(variation.already("NO_SUCH_NAME", None)(), "NO_SUCH_NAME is so already")

    def test_a_missing_program_is_a_reason(self):
        found = Variation("subject", "value", "it", prefix=("no-such-program",))
        self.assertEqual(found.why_not(), "there is no program no-such-program")
        self.assertEqual(variation.cannot_run("no-such-program"), "there is no program no-such-program")
        self.assertEqual(variation.output_of("no-such-program"), "")

    @medium
    def test_a_program_that_fails_is_a_reason(self):
        self.assertEqual(variation.cannot_run(sys.executable, "-c", ""), "")
        failing = variation.cannot_run(sys.executable, "-c", "import sys; sys.exit('not permitted')")
        self.assertEqual(failing, f"{sys.executable} does not work: not permitted")
        self.assertEqual(variation.output_of(sys.executable, "-c", "print(1)").strip(), "1")
