"""Python programs that a test starts get its policy through their environment, by whatever function."""

from __future__ import annotations

import ast
import ctypes
import os
import subprocess
import threading
import unittest

import hermetic
import support
from hermetic import medium
from hermetic._guards import environment
from support import Folder, run_python
from support.other_pythons import unsupported_pythons
from support.sample_runs import SampleRunCase

setUpModule = support.unmeasured_processes

SITE = os.path.join(support.package_folder(), "hermetic", "_children", "site", "sitecustomize.py")

# A debugger wraps what starts processes before hermetic is imported, each function on its own.
_DEBUGGER = """
    import _posixsubprocess, multiprocessing.util, os, subprocess

    def wrap(module, name):
        original = getattr(module, name, None)
        def wrapper(*args, **kwargs):
            return original(*args, **kwargs)
        if original is not None:
            setattr(module, name, wrapper)

    for name in ("system", "posix_spawn", "posix_spawnp", "execv", "execve", "fork"):
        wrap(os, name)
    wrap(subprocess, "_fork_exec")
    wrap(_posixsubprocess, "fork_exec")
    wrap(_posixsubprocess, "fork_exec")
    wrap(multiprocessing.util, "spawnv_passfds")
"""


@support.posix_only("function below all of these")
@medium
class WrappedFunctionsTest(SampleRunCase):
    WORK = _DEBUGGER
    TESTS = """
        import work, hermetic, multiprocessing, os, socket, subprocess, sys, unittest

        CODE = "import socket\\ntry: socket.getaddrinfo('releases.test', 443)\\nexcept Exception: pass"
        COMMAND = [sys.executable, "-c", CODE]

        @hermetic.medium
        class WrappedTest(unittest.TestCase):
            def test_run(self):
                subprocess.run(COMMAND)

            def test_run_elsewhere(self):
                subprocess.run(COMMAND, cwd="/")

            def test_run_in_a_session(self):
                subprocess.run(COMMAND, start_new_session=True, env={})

            def test_posix_spawn(self):
                os.waitpid(os.posix_spawn(sys.executable, COMMAND, {}), 0)

            def test_spawnve(self):
                os.spawnve(os.P_WAIT, sys.executable, COMMAND, {})

            def test_spawn(self):
                process = multiprocessing.get_context("spawn").Process(target=exec, args=(CODE,))
                process.start()
                process.join()

            def test_the_start_is_counted_once(self):
                for _ in range(4):
                    subprocess.run([sys.executable, "-c", ""], cwd="/")
    """

    def test_children_are_held_to_the_policy_all_the_same(self) -> None:
        done, errors = self.run_sample(**{"setup.cfg": "[tool:hermetic]\nmax_process_starts = 4\n"})
        names = ("run", "run_elsewhere", "run_in_a_session", "posix_spawn", "spawnve", "spawn")
        self.assert_errors(errors, done, {f"test_{name}": "H001] network violation" for name in names})


@medium
class RelativePathTest(SampleRunCase):
    TESTS = """
        import hermetic, os, subprocess, sys, unittest

        @hermetic.medium
        class RelativePathTest(unittest.TestCase):
            def test_paths_are_those_of_the_child(self):
                os.makedirs("inner/own")
                with open("inner/own/sitecustomize.py", "w") as file:
                    file.write("OWN = True")
                with open("inner/script.py", "w") as file:
                    file.write("import sitecustomize as site, socket; print(site.OWN); socket.getaddrinfo('x.test', 1)")
                for command in (["script.py"], ["-m", "script"], ["-c", "import script"]):
                    done = subprocess.run([sys.executable, *command], cwd="inner", env={"PYTHONPATH": "own"},
                                          capture_output=True, text=True)
                    self.assertEqual(done.stdout, "True\\n", done.stderr)
                    self.assertIn("NetworkViolationError", done.stderr)
    """

    def test_a_folder_and_a_path_of_the_childs_own(self) -> None:
        done, errors = self.run_sample()
        self.assertEqual(len(errors), 1, done.stderr)
        self.assertIn("H001 network: 3 in 1 test", done.stderr)


@medium
class OldPythonTest(hermetic.HermeticTestCase):
    def test_the_site_module_is_no_news_to_them(self) -> None:
        with open(SITE, encoding="utf-8") as file:
            ast.parse(file.read(), feature_version=(3, 4))

    def test_they_print_nothing_and_hand_the_policy_on(self) -> None:
        code = f"""
            import os, sys
            sys.version_info = (3, 9)
            sys.path[:0] = [{os.path.dirname(SITE)!r}, "own"]
            import sitecustomize
            print(sitecustomize.OWN, os.environ["HERMETIC_CHILD"], os.environ["PYTHONPATH"])
        """
        with Folder(**{"script.py": code, "own/sitecustomize.py": "OWN = True\n"}) as folder:
            variables = {"HERMETIC_CHILD": "a syntax error", "PYTHONPATH": "x"}
            done = run_python("-S", "script.py", cwd=folder, env=variables)
        self.assertEqual((done.stdout, done.stderr), ("True a syntax error x\n", ""))

    def test_those_that_are_here_print_nothing(self) -> None:
        found = unsupported_pythons()
        runs = [subprocess.run([python, "-c", "print(1)"], capture_output=True, text=True) for python in found]
        self.assertEqual([(done.stdout, done.stderr) for done in runs], [("1\n", "")] * len(found))
        if not found:
            self.skipTest("there is no unsupported Python on this machine")


@support.posix_only("variables of C that a child inherits by themselves")
@medium
class OverlappingCallsTest(hermetic.HermeticTestCase):
    def test_a_call_that_ends_leaves_the_policy_to_those_that_go_on(self) -> None:
        # As two threads that call os.system: what the child of the second gets does not depend on the end of the first.
        get = ctypes.CDLL(None).getenv
        get.restype = ctypes.c_char_p
        found: list[object] = []
        ended = environment.telling_by_own(lambda: found.append(get(b"HERMETIC_CHILD")))

        def calls_another() -> None:
            threading.Thread(target=ended).run()
            found.append(get(b"HERMETIC_CHILD"))

        environment.telling_by_own(calls_another)()
        self.assertIn(b"child_boot", found[0])
        self.assertEqual((found[1], get(b"HERMETIC_CHILD")), (found[0], None))


@medium
class CreateProcessTest(hermetic.HermeticTestCase):
    def told(self, env: object) -> dict[bytes, bytes]:
        """The environment that a program gets which is started with another."""
        create = environment.telling_create_process(lambda *args: args)
        *before, told, folder = create("python", "python -c ''", None, None, 0, 0, env, "folder")
        self.assertEqual(([*before], folder), (["python", "python -c ''", None, None, 0, 0], "folder"))
        return told

    def test_the_environment_stands_between_the_flags_and_the_folder(self) -> None:
        for env in ({"PYTHONPATH": "own"}, {}, None):
            with self.subTest(env=env):
                told = {os.fsencode(name): os.fsencode(value) for name, value in self.told(env).items()}
                self.assertIn(b"child_boot", told[b"HERMETIC_CHILD"])
                self.assertTrue(told[b"PYTHONPATH"].startswith(os.fsencode(os.path.dirname(SITE))))
                self.assertEqual(env == {"PYTHONPATH": "own"}, told[b"PYTHONPATH"].endswith(b"own"))

    def test_without_a_policy_it_is_left_alone(self) -> None:
        with hermetic.guard("large"):
            self.assertEqual(self.told({"A": "1"}), {"A": "1"})


if __name__ == "__main__":
    unittest.main()
