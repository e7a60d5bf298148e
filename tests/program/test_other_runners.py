"""Wrong options and names of tests are answered with what to write, as are those of other runners."""

from __future__ import annotations

import contextlib
import io
import os

import hermetic
from hermetic import ConfigurationError, DecorationError, HermeticError, medium
from hermetic._program import other_runners
from support import Folder, run_hermetic

BAD = {  # arguments to what the error has to say
    "--default-sze small": "--default-sze: did you mean --default-size?",
    "discover --shufle": "did you mean --shuffle?",
    "--failfsat": "did you mean --failfast?",
    "--junitxml=a.xml": "did you mean --junit-xml?",
    "--default-size smal": "(did you mean small?)",
    "--mode=wran": "(did you mean warn?)",
    "--forbid filesytem,sleep": "(did you mean filesystem?)",
    "-x": "-x: write -f (--failfast)",
    "-vx": "-x: write -f (--failfast)",
    "discover -n 2": "-n: write -j N, or -j auto",
    "-nauto": "write -j N, or -j auto",
    "--lf": "write --last-failed",
    "--timeout 5": "write --test-timeout SECONDS",
    "--timeout=5": "write --test-timeout SECONDS",
    "-m slow": "choose tests by size with --size SIZES, or by name with -k PATTERN",
    "--collect-only": "write --list",
    "--cov=shop": "write coverage run -m hermetic",
    "-p no:randomly": "hermetic has no plugins",
    "discover -p no:randomly": "hermetic has no plugins",
    "--reruns 3": "--reruns: write --retries NUMBER",
    "--count 3": "--count: write --repeat NUMBER",
    "--shuffle randm test_a": "(did you mean random?)",
    "--vary=ci --list": "--vary and --list cannot be used together; leave one of them out",
    "--vary=ci --bisect test_a": "--vary and --bisect cannot be used together",
    "--vary=ci --survey": "--vary and --survey cannot be used together",
    "--vary=ci --write-baseline": "--vary and --write-baseline cannot be used together",
    "--vary=ci --last-failed": "--vary and --last-failed cannot be used together",
    "--vary=ci --vary-only=ci": "--vary and --vary-only cannot be used together",
    "--vary=ci --tests-from -": "--vary and --tests-from - cannot be used together; write the names to a file",
    "--vary-only=ci --tests-from -": "--vary-only and --tests-from - cannot be used together",
    "--list --write-baseline": "--list and --write-baseline cannot be used together",
    "--list-json --bisect test_a": "--list and --bisect cannot be used together",
    "--list --survey": "--list and --survey cannot be used together",
    "-j discover": "--jobs 'discover' is not a whole number above 0, or auto",
    "--bisct test_a": "did you mean --bisect?",
    "tests/test_a.py::Case::test_b": "write tests.test_a.Case.test_b",
    "./test_a.py::test_b[1-2]": "write test_a.test_b",
}


class BadInputTest(hermetic.HermeticTestCase):
    def test_each_error_says_what_to_write(self):
        for arguments, advice in BAD.items():
            with self.subTest(arguments):
                with contextlib.redirect_stderr(io.StringIO()) as shown, self.assertRaises(SystemExit) as end:
                    hermetic.main(module=None, argv=["hermetic", *arguments.split()])
                self.assertEqual(end.exception.code, 2)
                self.assertIn(advice, shown.getvalue().partition("error: ")[2])

    def test_what_is_right_gets_no_advice(self):
        for arguments in (["-k", "a::b"], ["tests"], ["test_a.Case.test_b"], ["tests/test_a.py"], ["-p", "no*.py"]):
            with self.subTest(arguments):
                self.assertEqual([*other_runners.advice_on_names(arguments, discovers=False)], [])
        self.assertEqual(other_runners.advice_on_options("unrecognized arguments: --weather"), "")

    def test_wrong_calls_of_decorators_and_doubles_say_what_to_write(self):
        for call, kind, advice in (
            (lambda: hermetic.allow("git"), ConfigurationError, r"@allow\(processes=\['git'\]\)"),
            (lambda: hermetic.allow(print), ConfigurationError, r"@allow\(processes=\['...'\]\)"),
            (hermetic.allow, ConfigurationError, "allow needs to know what to allow"),
            (lambda: hermetic.guard(lambda: None), DecorationError, r'write @guard\("small"\)'),
            (lambda: hermetic.guard("smal"), ConfigurationError, r"did you mean small\?"),
            (lambda: self.subprocess.run(["git"]), HermeticError, r'self.subprocess.mock_run\(\["git"\]\)'),
            (lambda: self.subprocess.check_output("git"), AttributeError, r"script the call with mock_run\(\)"),
            (lambda: self.subprocess.weather, AttributeError, "has no attribute 'weather'$"),
            (lambda: self.subprocess.which("git"), HermeticError, r'self.subprocess.mock_which\("git"\)'),
        ):
            with self.subTest(advice), self.assertRaisesRegex(kind, advice):
                call()


@medium
class FolderTest(hermetic.HermeticTestCase):
    def test_a_folder_is_answered_with_the_discovery_of_it(self):
        with Folder() as folder:
            os.makedirs(os.path.join(folder, "tests", "unit"))
            for name, advice in (
                ("tests/", "tests"),
                ("./tests", "./tests"),
                ("tests/unit", "tests/unit"),
                (".", "."),
                (f"{folder}/tests/", f"{folder}/tests"),
            ):
                with self.subTest(name):
                    self.assertIn(f"{name}: write discover -s {advice}\n", run_hermetic(name, cwd=folder).stderr)

    def test_what_shuffle_did_not_take_as_its_seed_is_named(self):
        with Folder() as folder:
            done = run_hermetic("discover", "--shuffle", "foo", cwd=folder)
        self.assertIn("not importable: 'foo'; 'foo' is no seed of --shuffle", done.stderr)
