"""Canaries: each private name and each unwritten habit of the standard library that hermetic leans on.

When one of these fails on a new Python, the code that is named in the test must be looked at, before anything else.
"""

from __future__ import annotations

import _socket
import _thread
import asyncio
import asyncio.base_subprocess
import concurrent.futures
import concurrent.futures.thread
import functools
import importlib.util
import inspect
import io
import json
import logging
import multiprocessing.context
import multiprocessing.forkserver
import multiprocessing.pool
import multiprocessing.popen_spawn_posix
import multiprocessing.process
import multiprocessing.spawn
import multiprocessing.util
import os
import platform
import selectors
import signal
import socket
import subprocess
import sys
import sysconfig
import threading
import time
import types
import unittest
import unittest.signals
import urllib.request
import warnings
from unittest import mock

import hermetic
import support
from hermetic._base import features, real
from hermetic._patches.multiprocessing import pools
from hermetic._stdlib import (
    global_state,
    subprocess_internals,
    thread_internals,
    unittest_internals,
    warnings_internals,
)
from hermetic._workers import addressing

PREPARED = """\
from hermetic._base import own_files
from hermetic._stdlib import exit_handlers, global_state, subprocess_internals"""
HAS_JOINABLE_THREADS = hasattr(_thread, "start_joinable_thread")


def original(function: object) -> object:
    """A function without our guard around it: this process may be guarded by now."""
    return inspect.unwrap(function)  # type: ignore[arg-type]


def last_line(code: str) -> object:
    """What a fresh, unguarded interpreter prints as its last line, read as JSON."""
    done = support.run_python("-I", "-c", code)
    if done.returncode:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


class RealTest(hermetic.HermeticTestCase):
    """hermetic/_base/real.py and hermetic/_stdlib/unittest_internals.py"""

    def test_getframe_gives_the_caller_with_its_code_and_globals(self):
        frame = real.get_frame(0)
        self.assertEqual((frame.f_code.co_name, frame.f_globals["__name__"]), (self._testMethodName, __name__))
        self.assertIs(frame.f_locals["self"], self)

    def test_a_test_case_holds_the_name_of_its_method(self):
        self.assertEqual(unittest_internals.test_method_name(self), "test_a_test_case_holds_the_name_of_its_method")

    def test_a_suite_has_no_method(self):
        self.assertEqual(unittest_internals.test_method_name(unittest.TestSuite()), "")

    def test_a_suite_drops_its_tests_and_those_of_the_suites_in_it(self):
        test = type(self)("test_a_suite_drops_its_tests_and_those_of_the_suites_in_it")
        test._tests = [1]
        inner = unittest.TestSuite([test])
        outer = unittest.TestSuite([inner, test])
        unittest_internals.drop_tests(outer)
        self.assertEqual(([], [], [1]), ([*outer], [*inner], test._tests))

    def test_a_module_that_could_not_be_imported_becomes_a_test(self):
        for error, outcome in ((ValueError("wrong"), "errors"), (unittest.SkipTest("no"), "skipped")):
            with self.subTest(outcome=outcome):
                loader, result = unittest.TestLoader(), unittest.TestResult()
                try:
                    raise error
                except Exception as raised:
                    test = unittest_internals.test_of_failed_import(loader, "package.module", raised)
                test.run(result)
                ((found, _),) = getattr(result, outcome)
                self.assertTrue(found.id().endswith(".package.module"))

    def test_the_handler_of_catch_says_whether_it_was_called(self):
        handler = unittest.signals._InterruptHandler(lambda *_: None)
        before = unittest_internals.catch_handler_was_called(handler)
        with (
            mock.patch.object(unittest.signals, "_results", {}),  # else it would stop this very run
            mock.patch.object(signal, "getsignal", return_value=handler),
        ):
            handler(signal.SIGINT, None)
        self.assertEqual((before, unittest_internals.catch_handler_was_called(handler)), (False, True))

    def test_class_cleanups_leave_what_they_caught_on_the_class(self):
        class Cleaned(unittest.TestCase):
            """Cleans up badly."""

        error = ValueError("in a class cleanup")
        Cleaned.addClassCleanup(mock.Mock(side_effect=error))
        Cleaned.doClassCleanups()
        self.assertEqual(unittest_internals.class_cleanup_exceptions(Cleaned), [error])

    def test_the_module_of_sub_interpreters_has_create_and_run_string(self):
        module = real.interpreters_module()
        self.assertIsNotNone(module)
        for name in ("create", "run_string"):
            self.assertTrue(callable(getattr(module, name)))

    @unittest.skipIf(os._exit.__module__ == "coverage.patch", "this run is measured: coverage has its own os._exit")
    def test_exit_process_is_what_the_os_module_had(self):
        self.assertEqual((real.exit_process.__name__, real.exit_process.__module__), ("_exit", os.name))

    def test_the_c_module_of_sockets_has_what_is_asked_of_it(self):
        module = real.socket_module()
        self.assertIs(module, _socket)
        for name in ("AF_INET", "AF_INET6", "SOCK_STREAM", "NI_NUMERICHOST", "inet_pton", "getaddrinfo", "getnameinfo"):
            with self.subTest(name=name):
                self.assertTrue(hasattr(module, name))


class WarningsTest(hermetic.HermeticTestCase):
    """hermetic/_stdlib/warnings_internals.py"""

    def test_where_the_source_was_allocated_is_what_is_shown_because_of_it(self):
        shown = warnings.WarningMessage("text", ResourceWarning, "x.py", 1, source=self)
        self.assertRegex(warnings_internals.allocation_of(shown), "^(ResourceWarning: Enable|Object allocated at)")


class HygieneTest(hermetic.HermeticTestCase):
    """hermetic/_stdlib/global_state.py and thread_internals.py, for hermetic/_isolation/leak_snapshot.py"""

    def test_the_c_module_of_signals_answers_as_the_public_one(self):
        handlers = real.signal_handlers()
        self.assertLessEqual(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}, set(handlers))
        for number, handler in handlers.items():
            with self.subTest(number=number):
                self.assertEqual(handler, signal.getsignal(number))

    def test_the_c_module_of_signals_sets_handlers_by_number(self):
        before = real.set_signal_handler(signal.SIGUSR1, real.IGNORE_SIGNAL)
        self.addCleanup(signal.signal, signal.SIGUSR1, before)
        self.assertEqual(signal.getsignal(signal.SIGUSR1), signal.SIG_IGN)
        self.assertEqual(real.set_signal_handler(signal.SIGUSR1, real.DEFAULT_SIGNAL), real.IGNORE_SIGNAL)
        self.assertEqual(signal.getsignal(signal.SIGUSR1), signal.SIG_DFL)

    def test_the_environment_holds_a_dictionary_of_what_the_system_has(self):
        with mock.patch.dict(os.environ, SEAMS_PROBE="\u00fc"):
            found = real.environment()
            decoded = {real.decoded_variable(name): os.fsdecode(value) for name, value in found.items()}
            self.assertEqual(decoded, dict(os.environ))
        self.assertIn("SEAMS_PROBE", decoded)  # it is a copy

    def test_the_filters_of_warnings_are_five_parts_each_the_newest_first(self):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "text", UserWarning, "module", 7)
            action, message, category, module, line = warnings_internals.warning_filters()[0]
        self.assertEqual((action, message.pattern, category, module.pattern), ("ignore", "text", UserWarning, "module"))
        self.assertEqual(line, 7)

    def test_logging_keeps_handlers_by_name_and_in_their_order(self):
        handler = logging.NullHandler()
        handler.set_name("seams")
        named, ordered = global_state.logging_handlers(logging)
        self.assertIs(named["seams"], handler)
        self.assertIs(ordered[-1](), handler)

    def test_asyncio_keeps_the_policy_that_was_set(self):
        with warnings.catch_warnings(), mock.patch.object(asyncio.events, "_event_loop_policy", None):
            warnings.simplefilter("ignore")  # policies are deprecated from 3.14 on
            policy = asyncio.DefaultEventLoopPolicy()
            asyncio.set_event_loop_policy(policy)
            self.assertIs(global_state.event_loop_policy(asyncio.events), policy)

    def test_sysconfig_keeps_variables_and_schemes(self):
        variables, schemes = global_state.sysconfig_state(sysconfig) if sysconfig.get_config_vars() else ({}, {})
        self.assertEqual(variables, sysconfig.get_config_vars())
        self.assertEqual(set(schemes), set(sysconfig.get_scheme_names()))

    def test_urllib_keeps_the_opener_that_was_installed(self):
        opener = urllib.request.OpenerDirector()
        self.addCleanup(urllib.request.install_opener, global_state.url_opener(urllib.request))
        urllib.request.install_opener(opener)
        self.assertIs(global_state.url_opener(urllib.request), opener)

    def test_urllib_keeps_the_names_of_its_temporary_files_until_it_removes_them(self):
        path, _ = urllib.request.urlretrieve("data:,text")
        found = global_state.url_temporary_files(urllib.request)
        urllib.request.urlcleanup()
        self.assertEqual((found, global_state.url_temporary_files(urllib.request)), ([path], []))

    def test_threading_keeps_the_threads_that_run_and_those_that_are_starting(self):
        done = threading.Event()
        thread = threading.Thread(target=done.wait)
        thread.start()
        try:
            self.assertEqual(set(thread_internals.enumerate_threads(threading)), set(threading.enumerate()))
        finally:
            done.set()
            thread.join()
        self.assertEqual(threading._limbo, {})

    def test_the_threads_of_executors_are_known(self):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            thread = pool.submit(threading.current_thread).result()
            self.assertIn(thread, thread_internals.threads_of_executors())


@hermetic.medium
class HelpersTest(hermetic.HermeticTestCase):
    """hermetic/_stdlib/exit_handlers.py, global_state.py and subprocess_internals.py, in fresh interpreters"""

    def run_code(self, code: str, *flags: str) -> str:
        done = support.run_python(*flags, "-c", f"{PREPARED}\n{code}")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def test_multiprocessing_keeps_the_files_of_its_helpers(self):
        shown = self.run_code(
            "import os\nfrom multiprocessing import forkserver, resource_tracker\nprint(global_state.helper_files())\n"
            "resource_tracker.ensure_running()\nforkserver.ensure_running()\n"
            "print([os.fstat(fd) and 'open' for fd in global_state.helper_files()])\n"
        )
        self.assertEqual(shown, "[]\n['open', 'open']\n")

    def test_threads_of_executors_end_by_the_exit_handlers_of_threading(self):
        shown = self.run_code(
            "import concurrent.futures, threading\npool = concurrent.futures.ThreadPoolExecutor()\n"
            "pool.submit(print, end='').result()\nprint(threading.active_count())\n"
            "exit_handlers.run_threading_exit_handlers(threading)\nprint(threading.active_count())\n"
        )
        self.assertEqual(shown, "2\n1\n")

    def test_exit_handlers_can_be_forgotten(self):
        self.assertEqual(
            self.run_code("import atexit\natexit.register(print, 'x')\nexit_handlers.forget_exit_handlers()\n"), ""
        )

    def test_exit_handlers_run_once_the_last_one_first(self):
        code = (
            "import atexit\nfor n in 1, 2: atexit.register(print, n)\nexit_handlers.run_exit_handlers()\nprint('end')\n"
        )
        self.assertEqual(self.run_code(code), "2\n1\nend\n")

    def test_subprocess_knows_the_options_of_this_interpreter(self):
        flags = ("-O", "-B", "-W", "error::UserWarning", "-X", "utf8")
        shown = json.loads(
            self.run_code("import json\nprint(json.dumps(subprocess_internals.interpreter_flags()))\n", *flags)
        )
        for flag in ("-O", "-B", "-Werror::UserWarning"):
            self.assertIn(flag, shown)
        self.assertIn("utf8", " ".join(shown))

    def test_a_new_folder_is_made_where_it_was_told_to(self):
        with support.Folder() as folder:
            shown = self.run_code(
                f"own_files.use_temporary_folder({folder!r})\n"
                "print(own_files.new_folder('x'), own_files.new_file('y'))\n"
            )
            self.assertEqual([os.path.dirname(path) for path in shown.split()], [folder, folder])


class SocketTest(hermetic.HermeticTestCase):
    """hermetic/_patches/sockets.py: the C type that all sockets inherit from"""

    def test_python_sockets_inherit_from_the_c_type(self):
        self.assertIn(_socket.socket, socket.socket.__mro__)

    def test_the_guarded_methods_are_in_the_c_type_alone(self):
        for name in ("connect", "connect_ex", "bind", "listen", "sendto", "sendmsg", "setsockopt"):
            with self.subTest(name=name):
                self.assertIs(original(getattr(socket.socket, name)), original(getattr(_socket.socket, name)))

    @hermetic.medium
    def test_a_changed_namespace_is_what_the_next_look_up_finds(self):
        found = last_line(f"""if True:
            import _socket, json, socket, sys
            sys.path.insert(0, {support.package_folder()!r})
            from hermetic._stdlib import class_internals
            socks = [socket.socket(), _socket.socket()]
            look_up = lambda: [sock.gettimeout() for sock in socks]
            for _ in range(100):
                look_up()
            class_internals.class_namespace(_socket.socket)["gettimeout"] = lambda sock: "new"
            class_internals.forget_cached_attributes(_socket.socket)
            print(json.dumps([look_up()[0], socks[1].gettimeout(), socket.socket.gettimeout(socks[0])]))
        """)
        self.assertEqual(found, ["new"] * 3)

    def test_getnameinfo_is_taken_over_from_the_c_module(self):
        self.assertIs(socket.getnameinfo, _socket.getnameinfo)


class ThreadTest(hermetic.HermeticTestCase):
    """hermetic/_patches/process_creation.py: the functions that start threads"""

    def test_the_functions_that_start_threads_are_there(self):
        self.assertEqual(HAS_JOINABLE_THREADS, sys.version_info >= (3, 13))
        self.assertTrue(callable(_thread.start_new_thread) and callable(_thread.start_new))

    def test_there_is_no_other_function_that_starts_one(self):
        found = {name for name in dir(_thread) if name.startswith("start_")}
        self.assertEqual(found - {"start_new_thread", "start_new", "start_joinable_thread"}, set())

    def test_threading_keeps_the_function_under_a_name_of_its_module(self):
        name = "_start_joinable_thread" if HAS_JOINABLE_THREADS else "_start_new_thread"
        self.assertIs(getattr(threading, name), getattr(_thread, name[1:]))

    def test_threading_hands_over_a_callable_in_the_first_place(self):
        name = "_start_joinable_thread" if HAS_JOINABLE_THREADS else "_start_new_thread"
        with mock.patch.object(threading, name, wraps=getattr(threading, name)) as start:
            thread = threading.Thread(target=lambda: None)
            thread.start()
            thread.join()
        self.assertTrue(callable(start.call_args.args[0]))

    def test_an_executor_takes_work_through_submit(self):
        submit = original(concurrent.futures.ThreadPoolExecutor.submit)
        kinds = [(p.name, p.kind) for p in inspect.signature(submit).parameters.values()]
        kind = inspect.Parameter
        self.assertEqual(kinds[:2], [("self", kind.POSITIONAL_ONLY), ("fn", kind.POSITIONAL_ONLY)])
        self.assertEqual([k for _, k in kinds[2:]], [kind.VAR_POSITIONAL, kind.VAR_KEYWORD])

    def test_mapping_over_an_executor_goes_through_submit(self):
        with (
            concurrent.futures.ThreadPoolExecutor(1) as pool,
            mock.patch.object(pool, "submit", wraps=pool.submit) as submit,
        ):
            self.assertEqual(list(pool.map(abs, [-1, -2])), [1, 2])
        self.assertEqual(submit.call_count, 2)

    def test_the_module_of_the_executor_has_its_known_name(self):
        self.assertEqual(concurrent.futures.ThreadPoolExecutor.__module__, "concurrent.futures.thread")


class MultiprocessingTest(hermetic.HermeticTestCase):
    """hermetic/_patches/multiprocessing/start_method.py, preparation.py and loading.py"""

    def test_the_default_context_has_its_two_slots(self):
        default = multiprocessing.context._default_context
        self.assertIsInstance(default, multiprocessing.context.DefaultContext)
        self.assertIsInstance(default._default_context, multiprocessing.context.BaseContext)
        self.assertIn("_actual_context", vars(default))

    def test_a_new_default_is_what_the_package_uses_until_one_is_set(self):
        default = multiprocessing.context.DefaultContext(multiprocessing.get_context("spawn"))
        default._default_context = default.get_context("fork")
        self.assertEqual(default.get_start_method(), "fork")

    def test_setting_the_method_fills_the_other_slot(self):
        default = multiprocessing.context.DefaultContext(multiprocessing.get_context("fork"))
        self.assertIsNone(default._actual_context)
        default.set_start_method("spawn")
        self.assertEqual(default._actual_context.get_start_method(), "spawn")

    def test_the_package_functions_are_bound_to_the_default_context(self):
        self.assertIs(multiprocessing.get_start_method.__self__, multiprocessing.context._default_context)

    def test_the_preparation_data_is_a_dict_made_from_a_name(self):
        data = multiprocessing.spawn.get_preparation_data("worker")
        self.assertEqual((type(data), data["name"]), (dict, "worker"))

    def test_unknown_keys_of_the_preparation_data_are_ignored(self):
        before = multiprocessing.current_process().name
        multiprocessing.spawn.prepare({"hermetic": None, "name": "prepared"})
        self.addCleanup(setattr, multiprocessing.current_process(), "name", before)
        self.assertEqual(multiprocessing.current_process().name, "prepared")

    def test_the_data_is_asked_for_through_the_module_each_time(self):
        source = inspect.getsource(multiprocessing.popen_spawn_posix.Popen._launch)
        self.assertIn("spawn.get_preparation_data(", source)

    def test_processes_are_spawned_through_fork_exec(self):
        self.assertIn("_posixsubprocess.fork_exec(", inspect.getsource(multiprocessing.util.spawnv_passfds))

    def test_the_fork_server_asks_under_a_name_of_its_own(self):
        source = inspect.getsource(multiprocessing.forkserver.ForkServer.ensure_running)
        self.assertIn("spawn.get_preparation_data('ignore')", source)

    def test_the_fork_server_has_a_list_of_what_it_imports(self):
        server = multiprocessing.forkserver.ForkServer()
        self.assertEqual(server._preload_modules, ["__main__"])
        self.assertIn("self._preload_modules,", inspect.getsource(multiprocessing.forkserver.ForkServer.ensure_running))

    def test_what_runs_main_again_begins_alike(self):
        script = os.path.abspath(__file__)
        with mock.patch.object(sys.modules["__main__"], "__spec__", None), mock.patch.object(sys, "argv", [script]):
            with mock.patch.object(sys.modules["__main__"], "__file__", script, create=True):
                data = multiprocessing.spawn.get_preparation_data("worker")
        self.assertEqual([key for key in data if key.startswith("init_main_")], ["init_main_from_path"])

    def test_main_is_run_again_through_runpy(self):
        for function, name in (("_fixup_main_from_path", "run_path"), ("_fixup_main_from_name", "run_module")):
            with self.subTest(name=name):
                source = inspect.getsource(getattr(multiprocessing.spawn, function))
                self.assertRegex(source, rf'runpy\.{name}\([^)]*run_name="__mp_main__"')

    def test_the_frames_of_all_threads_are_known_by_their_identifier(self):
        self.assertIs(sys._current_frames()[threading.get_ident()], sys._getframe())

    def test_a_module_that_is_being_imported_says_so(self):
        with support.Folder(**{"beginning.py": "seen = __spec__._initializing\n"}) as folder:
            with mock.patch.object(sys, "path", [folder, *sys.path]):
                module = importlib.import_module("beginning")
        self.addCleanup(sys.modules.pop, "beginning")
        self.assertEqual((module.seen, getattr(module.__spec__, "_initializing", False)), (True, False))

    def test_a_loader_takes_another_exec_module(self):
        loader = importlib.util.find_spec("multiprocessing.spawn").loader
        loader.exec_module = lambda module: None
        self.assertIn("exec_module", vars(loader))


class PoolTest(hermetic.HermeticTestCase):
    """hermetic/_patches/multiprocessing/pools.py and starts.py"""

    def test_all_processes_start_and_run_as_base_processes(self):
        for method in multiprocessing.get_all_start_methods():
            process = multiprocessing.get_context(method).Process
            self.assertIs(process.start, multiprocessing.process.BaseProcess.start)
            self.assertIs(process.run, multiprocessing.process.BaseProcess.run)
            self.assertEqual(process._start_method, method)

    def test_a_process_knows_what_it_runs(self):
        self.assertIs(multiprocessing.Process(target=abs)._target, abs)

    def test_pools_run_their_worker(self):
        source = inspect.getsource(multiprocessing.pool.Pool._repopulate_pool_static)
        self.assertIn("target=worker", source)
        self.assertIn("worker", vars(multiprocessing.pool))

    def test_the_thread_of_a_pool_is_given_the_results_to_come_and_the_tasks(self):
        parameters = list(inspect.signature(original(multiprocessing.pool.Pool._handle_workers)).parameters)
        first = parameters.index("cache")
        self.assertEqual(parameters[first + 1 :][pools._TASKS], "taskqueue")
        source = inspect.getsource(multiprocessing.pool.Pool.__init__)
        self.assertIn("target=Pool._handle_workers", source)

    def test_dead_workers_are_joined_by_a_static_method_that_is_given_them(self):
        join = multiprocessing.pool.Pool._join_exited_workers
        self.assertEqual(list(inspect.signature(original(join)).parameters), ["pool"])
        self.assertIn("Pool._join_exited_workers(pool)", inspect.getsource(multiprocessing.pool.Pool._maintain_pool))

    def test_results_can_be_set_from_outside(self):
        pool = types.SimpleNamespace(_cache={}, _change_notifier=None)
        error = ValueError("set from outside")
        apply = multiprocessing.pool.ApplyResult(pool, None, None)
        mapped = multiprocessing.pool.MapResult(pool, 1, 3, None, None)
        mapped._number_left = 1
        for result in (apply, mapped):
            self.assertFalse(hasattr(result, "_cond"))
            result._set(0, (False, error))
            self.assertRaises(ValueError, result.get, 0)
        self.assertEqual(pool._cache, {})

    def test_iterators_of_results_can_be_ended_from_outside(self):
        for cls in (multiprocessing.pool.IMapIterator, multiprocessing.pool.IMapUnorderedIterator):
            with self.subTest(cls=cls):
                iterator = cls(types.SimpleNamespace(_cache={}))
                iterator._set_length(3)
                self.assertTrue(hasattr(iterator, "_cond"))
                iterator._set(iterator._index, (False, ValueError("set from outside")))
                iterator._set_length(iterator._index)
                self.assertEqual(iterator._length, 1)
                self.assertRaises(ValueError, next, iterator)
                self.assertRaises(StopIteration, next, iterator)


@hermetic.medium
class ProcessEventsTest(hermetic.HermeticTestCase):
    """hermetic/_operations/events.py and patches.py: which events a process raises"""

    HOOK = "import json, sys\nseen = []\nsys.addaudithook(lambda event, args: seen.append((event, repr(args))))\n"
    SHOW = "print(json.dumps(seen))\n"
    SPAWN = (
        "import os, multiprocessing.util as u\n"
        "u.spawnv_passfds(os.fsencode(sys.executable), ['zero', '-c', ''], [])\nos.wait()\n"
    )

    def events(self, code: str) -> dict[str, str]:
        return dict(last_line(self.HOOK + code + self.SHOW))  # type: ignore[call-overload]

    def test_fork_exec_raises_an_event_exactly_from_3_14_on(self):
        seen = self.events(self.SPAWN)
        self.assertEqual("_posixsubprocess.fork_exec" in seen, not features.FORK_EXEC_RAISES_NO_EVENT)

    @unittest.skipIf(features.FORK_EXEC_RAISES_NO_EVENT, "fork_exec raises no event here")
    def test_the_event_of_fork_exec_gives_executables_arguments_and_environment(self):
        arguments = self.events(self.SPAWN)["_posixsubprocess.fork_exec"]
        self.assertRegex(arguments, r"^\(\[b'/.*'\], \[b?'zero', b?'-c', b?''\], None\)$")

    def test_popen_announces_itself_from_the_module_subprocess(self):
        seen = self.events("import subprocess\nsubprocess.run([sys.executable, '-c', ''])\n")
        self.assertIn("'-c'", seen["subprocess.Popen"])
        self.assertNotIn("os.system", seen)

    def test_the_other_ways_to_start_a_process_raise_their_events(self):
        seen = self.events(
            "import os\nos.system('true')\nos.waitpid(os.posix_spawn('/bin/sh', ['sh', '-c', ''], {}), 0)\n"
            "if not os.fork():\n    os._exit(0)\nos.wait()\n"
        )
        self.assertLessEqual({"os.system", "os.posix_spawn", "os.fork"}, set(seen))

    def test_the_c_type_of_sockets_raises_the_events_itself(self):
        seen = self.events(
            "import _socket\nraw = _socket.socket()\nraw.bind(('127.0.0.1', 0))\nother = _socket.socket()\n"
            "other.connect_ex(raw.getsockname())\nraw.close()\nother.close()\n"
        )
        self.assertLessEqual({"socket.__new__", "socket.bind", "socket.connect"}, set(seen))

    def test_a_socket_that_listens_raises_no_event(self):
        seen = self.events(
            "import _socket\nraw = _socket.socket()\nraw.bind(('127.0.0.1', 0))\nraw.listen()\nraw.close()\n"
        )
        self.assertEqual([event for event in seen if "listen" in event], [])

    def test_a_sub_interpreter_does_not_inherit_the_audit_hook(self):
        # https://docs.python.org/3/library/sys.html#sys.addaudithook: hooks belong to their interpreter
        name = real.interpreters_module().__name__  # type: ignore[union-attr]
        run = "i.run_string(id, 'import sys; sys.audit(\"inside\")')\n"
        code = f"import {name} as i\nid = i.create()\nseen.clear()\n{run}"
        self.assertNotIn("inside", self.events(code))


class PlatformTest(hermetic.HermeticTestCase):
    """hermetic/_base/features.py, and names of modules that callers are recognised by"""

    def test_tomllib_is_there_exactly_where_it_is_said_to_be(self):
        self.assertEqual(importlib.util.find_spec("tomllib") is not None, features.HAS_TOMLLIB)

    def test_durations_are_an_argument_exactly_where_they_are_said_to_be(self):
        for function in (unittest.TextTestRunner.__init__, unittest.TextTestResult.__init__):
            self.assertEqual("durations" in inspect.signature(function).parameters, features.UNITTEST_HAS_DURATIONS)

    def test_the_folder_of_the_standard_library_holds_it(self):
        for module in (socket, json, multiprocessing.spawn, unittest.signals):
            with self.subTest(module=module):
                self.assertTrue(module.__file__.startswith(features.STDLIB_DIRECTORY))

    def test_modules_that_callers_are_recognised_by_have_these_names(self):
        self.assertEqual(platform.uname.__globals__["__name__"], "platform")
        self.assertIsNotNone(importlib.util.find_spec("multiprocessing.synchronize"))

    def test_the_socket_pair_needs_no_network_where_it_is_said_to_be_a_system_call(self):
        self.assertEqual(hasattr(_socket, "socketpair"), features.SOCKETPAIR_IS_A_SYSTEM_CALL)


@hermetic.medium
class ExitStatusTest(hermetic.HermeticTestCase):
    def test_the_status_of_a_run_without_tests_is_unittests_own(self):
        with support.Folder(**{"test_empty.py": ""}) as folder:
            done = support.run_python("-m", "unittest", "test_empty", cwd=folder)
        self.assertEqual(done.returncode, features.NO_TESTS_EXIT_STATUS, done.stderr)


class UnittestTest(hermetic.HermeticTestCase):
    """hermetic/_stdlib/unittest_internals.py, and the methods that hermetic overrides"""

    def test_every_method_that_is_overridden_is_there(self):
        seams = {
            unittest.TestProgram: "parseArgs createTests runTests _getParentArgParser _print_help",
            unittest.TestCase: (
                "run debug defaultTestResult addCleanup addClassCleanup doClassCleanups setUpClass tearDownClass"
            ),
            unittest.TestLoader: "loadTestsFromName",
            unittest.TextTestRunner: "run _makeResult",
            unittest.TextTestResult: "printErrors startTest stopTest addSubTest stopTestRun wasSuccessful",
            unittest.TestSuite: "run countTestCases",
        }
        for cls, names in seams.items():
            for name in names.split():
                with self.subTest(cls=cls, name=name):
                    self.assertTrue(callable(getattr(cls, name)))

    def test_the_program_calls_its_seams_in_order(self):
        called = []

        class Program(unittest.TestProgram):
            """Notes what is called."""

        for name in ("parseArgs", "_getParentArgParser", "createTests", "runTests"):
            method = getattr(unittest.TestProgram, name)
            setattr(Program, name, noted(called, name, method if name != "runTests" else lambda self: None))
        Program(module=types.ModuleType("empty"), argv=["program"])
        self.assertEqual(
            [name for name in called if name != "_getParentArgParser"], ["parseArgs", "createTests", "runTests"]
        )
        self.assertIn("_getParentArgParser", called)

    def test_help_is_printed_through_its_seam(self):
        class Program(unittest.TestProgram):
            """Ends where help would be printed."""

            def _print_help(self, *args: object, **kwargs: object) -> None:
                raise KeyError

        with self.assertRaises(KeyError):
            Program(module=types.ModuleType("empty"), argv=["program", "--help"], exit=False)

    def test_a_runner_that_is_given_is_used_and_its_result_kept(self):
        runner = mock.Mock()
        program = unittest.TestProgram(
            module=types.ModuleType("empty"), argv=["program"], testRunner=runner, exit=False
        )
        self.assertIs(program.result, runner.run.return_value)

    def test_a_suite_runs_a_test_by_calling_it_with_the_result(self):
        test, result = mock.Mock(**{"countTestCases.return_value": 1}), unittest.TestResult()
        unittest.TestSuite([test]).run(result)
        test.assert_called_once_with(result)

    def test_calling_a_test_runs_it(self):
        test = unittest.FunctionTestCase(lambda: None)
        with mock.patch.object(test, "run") as run:
            test("result")
        run.assert_called_once_with("result")

    def test_a_class_fixture_has_its_class_in_a_local_named_cls(self):
        for name in ("setUpClass", "tearDownClass"):
            self.assertEqual(list(inspect.signature(getattr(unittest.TestCase, name).__func__).parameters), ["cls"])

    def test_modules_of_unittest_are_marked_for_tracebacks(self):
        for module in (unittest.case, unittest.suite, unittest.runner, unittest.result):
            with self.subTest(module=module):
                self.assertIs(vars(module)["__unittest"], True)

    def test_a_text_result_has_what_the_summary_is_written_with(self):
        stream = io.StringIO()
        result = unittest.TextTestResult(stream, descriptions=True, verbosity=1)
        self.assertIs(result.stream, stream)
        self.assertEqual(set(result.separator2), {"-"})

    def test_a_result_that_buffers_can_be_told_to_begin_and_to_end(self):
        result = unittest.TestResult()
        self.assertFalse(unittest_internals.buffer_output(result))
        result.buffer = True
        before = sys.stderr
        self.assertTrue(unittest_internals.buffer_output(result))
        try:
            self.assertFalse(unittest_internals.buffer_output(result))
            self.assertIsNot(sys.stderr, before)
            with unittest_internals.past_buffer(result):
                self.assertIs(sys.stderr, before)
            self.assertIsNot(sys.stderr, before)
        finally:
            unittest_internals.release_output(result)
        self.assertIs(sys.stderr, before)

    def test_a_result_is_handed_an_error_holder_for_a_fixture(self):
        class Case(unittest.TestCase):
            """Has a fixture that fails."""

            @classmethod
            def setUpClass(cls) -> None:
                raise RuntimeError

            def test_it(self) -> None:
                """Never runs."""

        result = unittest.TestResult()
        unittest.TestSuite([Case("test_it")]).run(result)
        ((handed, _),) = result.errors
        made = unittest_internals.error_holder("setUpClass (of a class)")
        self.assertIs(type(handed), type(made))
        self.assertEqual((made.id(), str(made), made.countTestCases()), (*["setUpClass (of a class)"] * 2, 0))

    def test_a_result_is_handed_subtests_with_message_and_parameters(self):
        class Case(unittest.TestCase):
            """Has subtests with and without a message."""

            def test_it(self) -> None:
                for message in ((), ("text",)):
                    with self.subTest(*message, number=1):
                        self.fail()

        result = unittest.TestResult()
        Case("test_it").run(result)
        subtests = [test for test, _ in result.failures]
        self.assertEqual(
            [unittest_internals.sub_test_parts(test) for test in subtests],
            [(None, {"number": 1}), ("text", {"number": 1})],
        )

    def test_a_subtest_can_be_made_from_its_parts(self):
        made = [unittest_internals.sub_test(self, message, {"number": 1}) for message in (None, "text")]
        self.assertEqual([test.id() for test in made], [f"{self.id()} (number=1)", f"{self.id()} [text] (number=1)"])
        self.assertEqual([unittest_internals.sub_test_parts(test)[0] for test in made], [None, "text"])
        self.assertIsNone(unittest_internals.sub_test_parts(self))

    def test_a_test_has_an_outcome_while_it_runs(self):
        running = self._outcome
        test = unittest.FunctionTestCase(lambda: None)
        with unittest_internals.outcome_of(test, unittest.TestResult()):
            self.assertEqual(type(test._outcome), type(running))
            self.assertLessEqual({*vars(test._outcome)}, {*vars(running)})
        self.assertIsNone(test._outcome)

    def test_a_new_async_test_case_has_no_attribute_that_could_not_be_sent(self):
        made = vars(unittest.IsolatedAsyncioTestCase())
        self.assertEqual({made[name] for name in set(made).difference(addressing._STANDARD)} - {None}, set())

    def test_a_suite_keeps_its_tests_if_it_is_told_to(self):
        self.assertIs(unittest.TestSuite._cleanup, True)

    @hermetic.medium
    def test_a_suite_tears_a_class_down_before_an_object_of_another_class_and_not_its_module(self):
        with support.Folder() as folder:
            support.write_files(folder, {"fixtures.py": FIXTURES})
            done = support.run_python("fixtures.py", cwd=folder)
        self.assertEqual(done.stdout.split(), "setUpModule setUpClass test tearDownClass other tearDownModule".split())

    def test_a_result_can_be_made_one_of_a_subclass(self):
        result = unittest.TestResult()
        result.__class__ = type("Sub", (unittest.TestResult,), {})
        self.assertIsNot(type(result), unittest.TestResult)


FIXTURES = """
import unittest
def setUpModule(): print("setUpModule")
def tearDownModule(): print("tearDownModule")
class Case(unittest.TestCase):
    setUpClass = classmethod(lambda cls: print("setUpClass"))
    tearDownClass = classmethod(lambda cls: print("tearDownClass"))
    def test_it(self): print("test")
class Other:
    def __call__(self, result): print("other")
unittest.TestSuite([Case("test_it"), Other()]).run(unittest.TestResult())
"""


def noted(calls: list[str], name: str, method: object) -> object:
    """A method that notes its name before it does what it did."""

    @functools.wraps(method)  # type: ignore[arg-type]
    def wrapper(*args: object, **kwargs: object) -> object:
        calls.append(name)
        return method(*args, **kwargs)  # type: ignore[operator]

    return wrapper


class SubprocessDoubleTest(hermetic.HermeticTestCase):
    """hermetic/_stdlib/subprocess_internals.py, for hermetic/_doubles: where a child is started and waited for"""

    def parameters(self, function: object) -> list[str]:
        return list(inspect.signature(function).parameters)  # type: ignore[arg-type]

    def test_popen_starts_a_child_with_arguments_of_known_names(self):
        names = self.parameters(vars(subprocess.Popen)[subprocess_internals.POPEN_START])
        self.assertEqual(names[:3], ["self", "args", "executable"])
        pipes = ["p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite"]
        self.assertEqual([name for name in names if name in pipes], pipes)
        self.assertLessEqual({"cwd", "env", "shell"}, set(names))

    def test_popen_polls_and_waits_by_methods_of_its_own(self):
        self.assertEqual(
            self.parameters(vars(subprocess.Popen)[subprocess_internals.POPEN_POLL])[:2], ["self", "_deadstate"]
        )
        self.assertEqual(self.parameters(vars(subprocess.Popen)[subprocess_internals.POPEN_WAIT]), ["self", "timeout"])

    def test_popen_reads_the_time_and_selects_by_names_of_its_module(self):
        self.assertIs(vars(subprocess)[subprocess_internals.SUBPROCESS_CLOCK], time.monotonic)
        self.assertTrue(issubclass(vars(subprocess)[subprocess_internals.SUBPROCESS_SELECTOR], selectors.BaseSelector))
        for function in (subprocess.Popen.communicate, subprocess.Popen.wait, subprocess.Popen._check_timeout):
            self.assertIn(subprocess_internals.SUBPROCESS_CLOCK, function.__code__.co_names)
        self.assertIn(subprocess_internals.SUBPROCESS_SELECTOR, subprocess.Popen._communicate.__code__.co_names)

    def test_a_popen_whose_child_was_started_has_its_number_and_no_end_of_the_childs(self):
        popen = subprocess.Popen.__new__(subprocess.Popen)
        popen.returncode = None
        self.addCleanup(setattr, popen, "_child_created", False)
        (read, write), keep = os.pipe(), os.dup(1)
        self.addCleanup(os.close, read)
        subprocess_internals.child_was_started(popen, 5, [-1, -1, read, write, -1, keep])
        self.addCleanup(os.close, keep)  # with no pipe of the parent's, it is the caller's own
        self.assertEqual((popen.pid, popen._child_created), (5, True))
        with self.assertRaises(OSError):
            os.fstat(write)

    def test_asyncio_starts_a_process_by_a_method_of_its_loop(self):
        loop = subprocess_internals.selector_event_loop()
        names = self.parameters(vars(loop)[subprocess_internals.ASYNCIO_START])
        self.assertEqual(names[:8], ["self", "protocol", "args", "shell", "stdin", "stdout", "stderr", "bufsize"])
        self.assertTrue(issubclass(asyncio.SelectorEventLoop, loop))

    def test_an_event_loop_waits_on_a_selector_by_its_own_clock(self):
        loop = asyncio.SelectorEventLoop()
        self.addCleanup(loop.close)
        selector = subprocess_internals.selector_of_loop(loop)
        self.assertEqual(len(selector.get_map()), 1)  # what wakes the loop
        calls = []
        with (
            mock.patch.object(selector, "select", lambda timeout: calls.append("select") or []),
            mock.patch.object(loop, "time", lambda: calls.append("time") or 0.0),
        ):
            loop.call_soon(loop.stop)
            loop.run_forever()
        self.assertEqual(calls[0], "select")
        self.assertIn("time", calls)

    def test_a_transport_is_told_of_the_end_of_its_process(self):
        names = self.parameters(asyncio.base_subprocess.BaseSubprocessTransport._process_exited)
        self.assertEqual(names, ["self", "returncode"])
        self.assertEqual(self.parameters(asyncio.base_subprocess.BaseSubprocessTransport._wait), ["self"])

    def test_a_test_knows_by_its_cleanups_whether_it_has_failed(self):
        found = []

        class Sample(unittest.TestCase):
            def doCleanups(self):
                found.append(
                    (unittest_internals.test_has_failed(self), len(unittest_internals.unreported_errors(self)) <= 1)
                )
                return super().doCleanups()

            def test_fails(self):
                self.fail()

            def test_passes(self):
                pass

            @unittest.expectedFailure
            def test_fails_as_expected(self):
                self.fail()

            def test_skips(self):
                self.skipTest("")

        for name in ("test_fails", "test_passes", "test_fails_as_expected", "test_skips"):
            Sample(name).run(unittest.TestResult())
        self.assertEqual(found, [(True, True), (False, True), (True, True), (True, True)])
