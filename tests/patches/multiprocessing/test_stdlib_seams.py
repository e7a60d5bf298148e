"""Canaries: private names of multiprocessing that hermetic replaces or relies on."""

from __future__ import annotations

import inspect
import multiprocessing.context
import multiprocessing.pool
import multiprocessing.process
import multiprocessing.spawn
import multiprocessing.util
import os
import sys
import types
from unittest import mock

import hermetic
from hermetic._patches.multiprocessing import pools
from support import posix_only
from support.plain_python import original

if sys.platform == "win32":
    from multiprocessing.popen_spawn_win32 import Popen

    start_process = Popen.__init__
else:
    import multiprocessing.forkserver
    from multiprocessing.popen_spawn_posix import Popen

    start_process = Popen._launch


class MultiprocessingTest(hermetic.HermeticTestCase):
    """Start methods, the preparation of children, and the second import of the main module."""

    def test_the_default_context_has_its_two_slots(self):
        default = multiprocessing.context._default_context
        self.assertIsInstance(default, multiprocessing.context.DefaultContext)
        self.assertIsInstance(default._default_context, multiprocessing.context.BaseContext)
        self.assertIn("_actual_context", vars(default))

    @posix_only("start method but spawn")
    def test_a_new_default_is_what_the_package_uses_until_one_is_set(self):
        default = multiprocessing.context.DefaultContext(multiprocessing.get_context("spawn"))
        default._default_context = default.get_context("fork")
        self.assertEqual(default.get_start_method(), "fork")

    @posix_only("start method but spawn")
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
        source = inspect.getsource(start_process)
        self.assertIn("spawn.get_preparation_data(", source)

    @posix_only("fork_exec")
    def test_processes_are_spawned_through_fork_exec(self):
        self.assertIn("_posixsubprocess.fork_exec(", inspect.getsource(multiprocessing.util.spawnv_passfds))

    @posix_only("fork server")
    def test_the_fork_server_asks_under_a_name_of_its_own(self):
        source = inspect.getsource(multiprocessing.forkserver.ForkServer.ensure_running)
        self.assertIn("spawn.get_preparation_data('ignore')", source)

    @posix_only("fork server")
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


class PoolTest(hermetic.HermeticTestCase):
    """Pools, and the starts of processes."""

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
