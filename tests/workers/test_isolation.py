"""An isolated test has its own verdict, ends, and leaves nothing, whatever it does.

Each class runs its cases three ways: each test alone in a process, the three tests of a case in one, and that in a
fresh interpreter. Before and after each hostile test stands one that passes.
"""

from __future__ import annotations

import sys
from typing import ClassVar

from hermetic import large
from support.hostile import HostileCase

_HAS_GROUPS = sys.version_info >= (3, 11)


@large
class EndingsTest(HostileCase):
    cases: ClassVar = {
        "exit_0": "os._exit(0)",
        "exit_3": "os._exit(3)",
        "execv": "os.execv('/bin/true', ['true'])",
        "sys_exit": "sys.exit(0)",
        "own_base": "class Own(BaseException): pass\nraise Own('own')",
        "interrupt": "raise KeyboardInterrupt",
        "sigint": "os.kill(os.getpid(), signal.SIGINT); time.sleep(20)",
        "sigkill": "os.kill(os.getpid(), signal.SIGKILL)",
        "sigterm": "print('said before'); os.kill(os.getpid(), signal.SIGTERM)",
        "own_group": "os.killpg(0, signal.SIGKILL)",
        "abort": "os.abort()",
        "segv": "ctypes.string_at(0)",
        "silent_segv": "faulthandler.disable(); ctypes.string_at(0)",
        "stack": "faulthandler._stack_overflow()",
        "cpu": "resource.setrlimit(resource.RLIMIT_CPU, (1, 5))\nwhile True: pass",
        "memory": "resource.setrlimit(resource.RLIMIT_AS, (400_000_000,) * 2); bytearray(10 ** 10)",
    }

    def test_the_runs_are_contained(self):
        self.assert_contained()

    def test_an_exit_is_an_error_that_names_the_status(self):
        for name, status in (("exit_0", 0), ("execv", 0), ("exit_3", 3)):
            self.assert_error(name, f"ended with exit status {status} before it finished")

    def test_an_exception_that_ends_programs_is_an_error_of_the_test(self):
        for name, error in (("sys_exit", "SystemExit"), ("own_base", "Own"), ("interrupt", "KeyboardInterrupt")):
            self.assert_error(name, error)

    def test_ctrl_c_to_the_worker_alone_does_not_end_the_run(self):
        self.assert_error("sigint", "KeyboardInterrupt")

    def test_a_signal_is_named(self):
        for name, signal in (("sigkill", "KILL"), ("sigterm", "TERM"), ("own_group", "KILL"), ("cpu", "XCPU")):
            self.assert_error(name, f"ended by SIG{signal}")

    def test_a_crash_shows_its_python_stack(self):
        for name, signal in (("abort", "SIGABRT"), ("segv", "SIGSEGV"), ("stack", "SIGSEGV")):
            self.assert_error(name, f"ended by {signal}", rf'File ".*test_hostile.py", line \d+ in test_2_{name}')

    def test_a_crash_without_a_stack_is_named(self):
        self.assert_error("silent_segv", "ended by SIGSEGV")

    def test_the_output_before_a_crash_is_shown(self):
        for run in self.runs.values():
            self.assertEqual(1, run.output.count("said before\n"))

    def test_memory_that_is_not_there_is_an_error_of_the_test(self):
        self.assert_error("memory", "MemoryError")


_DESCRIPTORS = "for name in os.listdir('/proc/self/fd'):\n    with contextlib.suppress(OSError): "


@large
class FileDescriptorsTest(HostileCase):
    cases: ClassVar = {
        "close_0": "os.close(0)",
        "close_1": "os.close(1)",
        "close_2": "os.close(2)",
        "close_low": "os.closerange(0, 3)",
        "reuse_low": "os.closerange(0, 3)\nfor _ in range(3): os.open('/dev/null', os.O_RDONLY)",
        "close_range": "os.closerange(3, 4096)",
        "close_all": _DESCRIPTORS + "os.close(int(name))",
        "redirect": "null = os.open('/dev/null', os.O_RDWR)\nfor fd in [*sockets()]: os.dup2(null, fd)",
        "junk": _DESCRIPTORS + "os.write(int(name), b'junk' * 100)",
        "one_byte": "for fd in sockets(): os.write(fd, b'x')",
        "flood": "for fd in [*sockets()]:\n    while True: os.write(fd, b'j' * 1_000_000)",
        "forged": """
            import struct
            body = b'["outcome", "success", null]'
            for fd in [*sockets()]:
                os.write(fd, struct.pack(">8sI", b"forged!!", len(body)) + body)
        """,
        "half_frame": """
            import gc, struct
            for end in [thing for thing in gc.get_objects() if type(thing).__name__ == "WorkerEnd"]:
                os.write(end._writing, struct.pack(">8sI", end._nonce, 1000) + b"[")
        """,
        "shutdown": "for fd in [*sockets()]: socket.socket(fileno=os.dup(fd)).shutdown(socket.SHUT_RDWR)",
        "nonblocking": "for fd in [*sockets()]: os.set_blocking(fd, False)",
        "exhaust": """
            kept = []
            ---
            with contextlib.suppress(OSError):
                while True: kept.append(os.open("/dev/null", os.O_RDONLY))
        """,
        "no_files": "resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))",
        "no_bytes": "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))",
        "no_processes": "resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))",
        "stdin": "self.assertEqual('', sys.stdin.read())",
    }

    def test_the_runs_are_contained(self):
        self.assert_contained()

    def test_the_standard_ones_may_be_closed(self):
        self.assert_passes("close_0", "close_1", "close_2", "close_low", "reuse_low")

    def test_a_closed_channel_is_an_error_that_says_so(self):
        for name in ("close_range", "close_all", "redirect", "shutdown"):
            self.assert_error(name, "closed the channel")

    def test_what_is_no_frame_is_an_error_that_says_so(self):
        for name in ("junk", "one_byte", "flood", "forged"):
            self.assert_error(name, "invalid data in hermetic's channel")

    def test_half_a_frame_swallows_what_follows_and_is_an_error(self):
        self.assert_error("half_frame", "H007")

    def test_a_channel_that_does_not_block_still_works(self):
        self.assert_passes("nonblocking")

    def test_limits_do_not_stop_the_report(self):
        self.assert_passes("exhaust", "no_files", "no_bytes", "no_processes")

    def test_standard_input_is_at_its_end(self):
        self.assert_passes("stdin")


_DAEMON = """
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))
    os.closerange(0, 3)
    time.sleep(100)
    os._exit(0)
os.wait()
"""


@large
class ProcessesTest(HostileCase):
    cases: ClassVar = {
        "both_return": "os.fork()",
        "copy_raises": "if os.fork() == 0: raise ValueError('in the copy')\nos.wait()",
        "copy_exits": "if os.fork() == 0: sys.exit(0)\nos.wait()",
        "parent_dies": "if os.fork(): os._exit(0)\ntime.sleep(0.2)",
        "child": "subprocess.Popen(['sleep', '100'])",
        "children": "for _ in range(10):\n    if os.fork() == 0: time.sleep(100); os._exit(0)",
        "with_pipes": "p = subprocess.PIPE; subprocess.Popen(['sleep', '100'], stdin=p, stdout=p, stderr=p)",
        "with_channel": "subprocess.Popen(['sleep', '100'], pass_fds=[*sockets()])",
        "session": "subprocess.Popen(['sleep', '100'], start_new_session=True)",
        "stopped": "if os.fork() == 0: os.kill(os.getpid(), signal.SIGSTOP)",
        "daemon": _DAEMON,
        "daemon_exit": _DAEMON + "os._exit(0)",
        "process": """
            def nap(): time.sleep(100)
            ---
            multiprocessing.get_context("fork").Process(target=nap).start()
        """,
        "server": "multiprocessing.get_context('forkserver').Process(target=time.sleep, args=(100,)).start()",
        "pool": """
            pools = []
            ---
            pools.append(multiprocessing.get_context("fork").Pool(2))
            pools[0].apply_async(time.sleep, (100,))
        """,
        "executor": """
            from concurrent.futures import ProcessPoolExecutor
            ---
            executor = ProcessPoolExecutor(1, multiprocessing.get_context("fork"))
            executor.submit(time.sleep, 100)
        """,
        "sigchld_ignored": "signal.signal(signal.SIGCHLD, signal.SIG_IGN); subprocess.Popen(['sleep', '100'])",
        "sigchld_blocked": "signal.pthread_sigmask(signal.SIG_BLOCK, [17]); subprocess.Popen(['sleep', '100'])",
        "waits": "with contextlib.suppress(ChildProcessError):\n    while True: os.waitpid(-1, 0)",
    }

    def test_the_runs_are_contained(self):
        self.assert_contained()

    def test_a_forked_copy_that_comes_back_is_an_error(self):
        for name in ("copy_raises", "copy_exits"):
            self.assert_error(name, "a child that it forked returned to the runner")

    def test_a_forked_copy_that_comes_back_late_is_an_error_that_names_the_test(self):
        text = r"isolated test \S+\.test_2_both_return: a child that it forked returned to the runner"
        for run in self.runs.values():
            blamed = [found for key, found in run.sections.items() if "Case_both_return" in key]
            self.assertRegex("".join(blamed), text)
            self.assertNotIn("Case_both_return.test_3_after", run.sections)

    def test_a_copy_does_not_stand_in_for_the_test(self):
        self.assert_error("parent_dies", "exit status|forked copy")

    def test_processes_left_running_do_not_change_the_verdict(self):
        self.assert_passes("child", "children", "with_pipes", "with_channel", "session", "stopped", "daemon")

    def test_a_daemon_does_not_outlive_a_crash(self):
        self.assert_error("daemon_exit", "exit status 0")

    def test_processes_of_multiprocessing_are_not_waited_for(self):
        self.assert_passes("process", "server", "pool", "executor")

    def test_children_may_be_waited_for_or_ignored(self):
        self.assert_passes("sigchld_ignored", "sigchld_blocked", "waits")

    def test_what_was_left_is_named(self):
        for run in self.runs.values():
            for name in ("child", "with_pipes", "session", "process"):
                self.assertRegex(run.output, rf"Case_{name}\b.*\n?.*process left running: ")


@large
class ParentProcessTest(HostileCase):
    timeout = 8
    cases: ClassVar = {
        "kill": "os.kill(os.getppid(), signal.SIGKILL); time.sleep(100)",
        "terminate": "os.kill(os.getppid(), signal.SIGTERM)",
        "interrupt": "os.kill(os.getppid(), signal.SIGINT)",
        "stop": "os.kill(os.getppid(), signal.SIGSTOP)",
        "stop_and_crash": "os.kill(os.getppid(), signal.SIGSTOP); os._exit(3)",
    }

    def test_the_runs_are_contained(self):
        self.assert_contained()

    def test_who_ends_it_is_blamed(self):
        self.assert_error("kill", "its process was lost")

    def test_it_cannot_be_ended_nicely_nor_stopped(self):
        self.assert_passes("terminate", "interrupt", "stop")

    def test_what_happens_while_it_is_stopped_is_seen(self):
        self.assert_error("stop_and_crash", "exit status 3")


@large
class ThreadsTest(HostileCase):
    cases: ClassVar = {
        "sleeps": "threading.Thread(target=time.sleep, args=(100,)).start()",
        "busy": """
            def busy():
                while True: pass
            threading.Thread(target=busy, daemon=True).start()
        """,
        "raises": "thread = threading.Thread(target=lambda: 1 / 0); thread.start(); thread.join()",
        "many": "for _ in range(50): threading.Thread(target=time.sleep, args=(100,), daemon=True).start()",
        "forks": """
            def forks():
                if os.fork() == 0: time.sleep(100); os._exit(0)
            thread = threading.Thread(target=forks); thread.start(); thread.join()
        """,
        "executor": """
            from concurrent.futures import ThreadPoolExecutor
            ---
            ThreadPoolExecutor(1).submit(time.sleep, 100)
        """,
    }

    def test_the_runs_are_contained(self):
        self.assert_contained()

    def test_threads_left_running_do_not_change_the_verdict(self):
        self.assert_passes(*self.cases)


@large
class ExceptionsTest(HostileCase):
    cases: ClassVar = {
        "pickle": "class Own(Exception):\n    def __reduce__(self): raise TypeError\nraise Own('its text')",
        "str_raises": "class Own(Exception):\n    def __str__(self): raise ValueError\nraise Own",
        "str_exits": "class Own(Exception):\n    def __str__(self): sys.exit(0)\nraise Own",
        "str_of_own": """
            class Text(str):
                def __len__(self): raise ValueError
                def __getitem__(self, index): raise ValueError
            class Own(Exception):
                def __str__(self): return Text("its text")
            raise Own
        """,
        "class_lies": "class Own(Exception):\n    __class__ = property(lambda self: int)\nraise Own('its text')",
        "class_raises": "class Own(Exception):\n    __class__ = property(lambda self: 1 / 0)\nraise Own",
        "any_attribute": "class Own(Exception):\n    def __getattr__(self, name): raise ValueError\nraise Own",
        "notes": "class Own(Exception):\n    __notes__ = property(lambda self: 1 / 0)\nraise Own('its text')",
        "cause": "class Own(Exception):\n    __cause__ = 7\nraise Own",
        "odd_name": "raise type('Own', (Exception,), {'__qualname__': 'a\\0\\ud800'})",
        "syntax": "error = SyntaxError('its text'); error.text = 7; error.lineno = 'seven'; raise error",
        "loop": "a, b = ValueError('a'), ValueError('b'); a.__cause__ = b; b.__cause__ = a\nraise a",
        "chain": """
            error = None
            for _ in range(3000):
                new = ValueError()
                new.__cause__ = error
                error = new
            raise error
        """,
        "cause_and_context": """
            error = ValueError()
            for _ in range(40):
                try:
                    raise error
                except ValueError as cause:
                    error = ValueError("its text")
                    error.__cause__ = error.__context__ = cause
            raise error
        """,
        "recursion": "def call(): call()\ncall()",
        "frames": "sys.setrecursionlimit(20_000)\ndef call(n): return call(n - 1) if n else 1 / 0\ncall(9000)",
        "deep_repr": "found = []\nfor _ in range(100_000): found = [found]\nraise ValueError(found)",
        "megabytes": "raise ValueError('x' * 10_000_000)",
        "surrogate": "raise ValueError('its text \\ud800 \\0 \\x1b')",
        "subtest": """
            class Own:
                def __repr__(self): raise KeyboardInterrupt
            with self.subTest(own=Own()): self.fail("its text")
        """,
    }
    if _HAS_GROUPS:
        cases |= {
            "deep_group": "error = ValueError()\nfor _ in range(30): error = ExceptionGroup('g', [error])\nraise error",
            "full_group": "raise ExceptionGroup('g', [ValueError('x' * 1000) for _ in range(20_000)])",
            "tree": "e = ValueError()\nfor _ in range(40): e = ExceptionGroup('g', [e, e])\nraise e",
        }

    def test_the_runs_are_contained(self):
        self.assert_contained()

    def test_each_is_an_error_or_a_failure_of_its_test(self):
        for name in self.cases:
            self.assert_error(name)

    def test_the_text_is_shown_where_there_is_one(self):
        for name in ("pickle", "str_of_own", "notes", "syntax", "cause_and_context", "surrogate", "subtest"):
            self.assert_error(name, "its text")

    def test_a_text_that_cannot_be_made_is_said_to_be_so(self):
        for name in ("str_raises", "str_exits"):
            self.assert_error(name, "str.. failed")

    def test_a_long_text_is_cut(self):
        self.assert_error("megabytes", r"\[\.\.\. \d+ characters left out \.\.\.\]")


@large
class OutputTest(HostileCase):
    max_output = 10_000_000
    cases: ClassVar = {
        "megabytes": "for _ in range(1000): print('x' * 100_000)",
        "then_fails": "for _ in range(1000): print('x' * 100_000)\nself.fail('afterwards')",
        "bytes": "os.write(1, bytes(range(256)) * 10); os.write(2, b'\\xff\\0\\x1b]0;title\\x07')",
        "surrogate": "print('\\ud800')",
        "closed": "sys.stdout.close()",
        "detached": "sys.stdout.detach()",
        "none": "sys.stdout = sys.stderr = None",
        "object": "sys.stdout = sys.stderr = object()",
        "flush": """
            class Own:
                def flush(self): raise KeyError
            sys.stdout = sys.stderr = Own()
        """,
        "warnings": "for n in range(5000): warnings.warn(f'warning {n}')",
    }

    def test_the_runs_are_contained(self):
        self.assert_contained()

    def test_it_does_not_change_the_verdict(self):
        self.assert_passes(*{*self.cases} - {"then_fails"})
        self.assert_error("then_fails", "afterwards")

    def test_the_middle_of_too_much_is_left_out(self):
        for run in self.runs.values():
            self.assertEqual(2, run.output.count("bytes left out ...]"))


@large
class StateTest(HostileCase):
    cases: ClassVar = {
        "folder": "folder = tempfile.mkdtemp(); os.chdir(folder); os.rmdir(folder)",
        "umask": "os.umask(0o777)",
        "environment": "os.environ.clear()",
        "locale": "import locale; locale.setlocale(locale.LC_ALL, 'C')",
        "handlers": "for n in {*range(1, 32)} - {9, 19}: signal.signal(n, lambda *_: None)",
        "ignored": "for n in {*range(1, 32)} - {9, 19}: signal.signal(n, signal.SIG_IGN)",
        "recursion": "sys.setrecursionlimit(60)",
        "path": "sys.path.clear(); sys.meta_path.clear(); sys.path_hooks.clear()",
        "zone": "os.environ['TZ'] = 'Asia/Tokyo'; time.tzset()",
        "temporary": "shutil.rmtree(tempfile.gettempdir())",
        "place": "shutil.rmtree(os.path.dirname(tempfile.gettempdir()))",
        "files": "for n in range(1000): open(os.path.join(tempfile.gettempdir(), str(n)), 'w').close()",
        "profile": "sys.setprofile(lambda *_: None)",
        "mocks": """
            from unittest import mock
            ---
            for name in ("os.write", "os.read", "os.close", "os.getpid", "json.dumps", "time.sleep", "builtins.open",
                         "socket.socket", "subprocess.Popen", "time.perf_counter", "os.listdir", "os.kill"):
                mock.patch(name).start()
        """,
        "exits": "os._exit = sys.exit = lambda *_: None",
        "clock": "time.time = time.perf_counter = time.monotonic = lambda: 0",
        "waitid": "os.waitid = None",
    }
    unsure: ClassVar = {
        "modules": "sys.modules.clear()",
        "no_modules": "for name in [*sys.modules]: sys.modules[name] = None",
        "text_clock": "time.perf_counter = lambda: 'now'",
        "builtins": "import builtins; vars(builtins).clear()",
        "trace": "def trace(*_): raise ValueError\nsys.settrace(trace)",
    }

    @classmethod
    def setUpClass(cls):
        cls.cases = {**cls.cases, **cls.unsure}
        super().setUpClass()

    def test_the_runs_are_contained(self):
        self.assert_contained()

    def test_what_a_test_changes_does_not_change_its_verdict(self):
        self.assert_passes(*{*self.cases} - {*self.unsure})

    def test_what_breaks_python_itself_is_at_most_an_error_of_its_test(self):
        for mode in ("alone", "grouped", "fresh"):
            for key in self.runs[mode].sections:
                with self.subTest(mode=mode, blamed=key):
                    self.assertIn(key, [f"Case_{name}.test_2_{name}" for name in self.unsure])


_FIXTURES = "---\n@classmethod\ndef {fixture}(cls): {body}\n---\npass\n"


@large
class FixturesTest(HostileCase):
    modes = ("grouped", "fresh")
    cases: ClassVar = {
        "set_up": _FIXTURES.format(fixture="setUpClass", body="os._exit(0)"),
        "set_up_status": _FIXTURES.format(fixture="setUpClass", body="sys.exit(3)"),
        "tear_down": _FIXTURES.format(fixture="tearDownClass", body="os._exit(0)"),
        "exit_handler_0": "atexit.register(os._exit, 0)",
        "thread": "threading.Thread(target=lambda: (time.sleep(0.3), os._exit(0))).start()",
        "tear_down_segv": _FIXTURES.format(fixture="tearDownClass", body="ctypes.string_at(0)"),
        "exit_handler": "atexit.register(os._exit, 7)",
        "exit_handler_segv": "atexit.register(ctypes.string_at, 0)",
        "exit_handler_raises": "atexit.register(lambda: 1 / 0)",
    }

    def test_the_runs_are_contained(self):
        self.assert_contained()

    def test_an_exit_in_set_up_is_an_error_of_each_test(self):
        for run in self.runs.values():
            for name in ("set_up", "set_up_status"):
                blamed = [key for key in run.sections if key.startswith(f"Case_{name}.")]
                self.assertEqual(3, len(blamed), blamed)

    def test_an_end_in_tear_down_or_at_exit_is_one_error_of_the_group(self):
        for name, text in (
            ("tear_down", "exit status 0 before"),
            ("exit_handler_0", "exit status 0 before"),
            ("thread", "exit status 0 before"),
            ("tear_down_segv", "SIGSEGV"),
            ("exit_handler", "status 7"),
            ("exit_handler_segv", "SIGSEGV while it exited"),
        ):
            for run in self.runs.values():
                blamed = {key: found for key, found in run.sections.items() if key.endswith(f".Case_{name}")}
                self.assertEqual([f"ERROR: @isolated(timeout=20) class test_hostile.Case_{name}"], [*blamed])
                self.assertRegex(*blamed.values(), text)

    def test_an_exception_at_exit_is_only_shown(self):
        self.assert_passes("exit_handler_raises")
        for run in self.runs.values():
            self.assertIn("ZeroDivisionError", run.output)
