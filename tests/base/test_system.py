"""hermetic uses the original functions even if a framework such as gevent or eventlet has replaced them."""

from __future__ import annotations

from hermetic import medium
from support import Folder, run_python
from support.sample_runs import WALL_SECONDS, SampleRunCase

FRAMEWORK = """
import os, queue, select, socket, subprocess, sys, threading, time, _thread

REPLACED = {
    os: "fork forkpty waitpid wait read write close posix_spawn posix_spawnp",
    select: "select poll epoll",
    time: "sleep",
    _thread: "start_new_thread start_joinable_thread allocate_lock get_ident",
    threading: "get_ident Lock Event Thread Timer",
    queue: "Queue SimpleQueue",
    socket: "socket socketpair create_connection",
    subprocess: "Popen run",
}


def replacement(name, original):
    def replaced(*args, **kwargs):
        if sys._getframe(1).f_globals.get("__name__", "").startswith("hermetic."):
            raise RuntimeError(f"hermetic called {name}")
        return original(*args, **kwargs)

    return replaced


for module, names in REPLACED.items():
    for name in names.split():
        if hasattr(module, name):
            setattr(module, name, replacement(name, getattr(module, name)))
if LACKING:  # eventlet removes them
    for name in {"poll", "epoll"} & vars(select).keys():
        delattr(select, name)
"""
SUITE = """
import framework
import unittest
import hermetic

class A(unittest.TestCase):
    def test_passes(self):
        pass

class B(unittest.TestCase):
    def test_fails(self):
        self.fail("wanted")

class C(unittest.TestCase):
    @hermetic.isolated(timeout=20)
    def test_isolated(self):
        pass
"""
RUNNER = "import framework, hermetic\nhermetic.main(module=None)\n"
ELSEWHERE = "import hermetic._base.features\nhermetic._base.features.LINUX = False\n"  # as on macOS and Windows
OPTIONS = ((), ("-j", "2"), ("--isolated",), ("--isolated", "--isolated-start", "fresh"), ("--sandbox", "auto"))


@medium
class ReplacedFunctionsTest(SampleRunCase):
    """Each run ends as a plain run does: three tests, one failure."""

    def assert_result(self, done):
        self.assertIn("Ran 3 tests", done.stderr)
        self.assertRegex(done.stderr, r"FAILED \(failures=1\)\n\Z")

    def test_a_test_module_may_replace_them_when_it_is_imported(self):
        for options in OPTIONS:
            with self.subTest(options):
                files = {"framework.py": f"LACKING = False\n{FRAMEWORK}", "test_sample.py": SUITE}
                self.assert_result(self.run_sample(*options, "test_sample", **files)[0])

    def test_a_framework_may_remove_them(self):
        for options in (("-j", "2"), ("--isolated",)):
            with self.subTest(options):
                files = {"framework.py": f"LACKING = True\n{FRAMEWORK}", "test_sample.py": SUITE}
                self.assert_result(self.run_sample(*options, "test_sample", **files)[0])

    def test_workers_that_are_connected_by_pipes_need_none_of_them(self):
        for options in (("-j", "2"), ("--isolated",)):
            with self.subTest(options):
                framework = f"{ELSEWHERE}LACKING = False\n{FRAMEWORK}"
                files = {"framework.py": framework, "test_sample.py": SUITE, "runner.py": RUNNER}
                with Folder(**files) as folder:
                    done = run_python("runner.py", *options, "test_sample", cwd=folder, timeout=WALL_SECONDS)
                self.assert_result(done)

    def test_they_may_be_replaced_before_hermetic_is_imported(self):
        for options in OPTIONS:
            with self.subTest(options):
                files = {"framework.py": f"LACKING = True\n{FRAMEWORK}", "test_sample.py": SUITE, "runner.py": RUNNER}
                with Folder(**files) as folder:
                    done = run_python("runner.py", *options, "test_sample", cwd=folder, timeout=WALL_SECONDS)
                self.assert_result(done)
