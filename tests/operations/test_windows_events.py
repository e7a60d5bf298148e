"""Audit events and functions that only Windows has, as operations."""

from __future__ import annotations

from unittest import mock

import hermetic
from hermetic._base import features
from hermetic._base.records import Operation
from hermetic._base.sizes import NETWORK, PROCESS
from hermetic._guards import audit
from hermetic._operations.windows_events import READERS, create_process_operation, pipe_operation
from hermetic._policy.decision import INET, UNIX


class NamedPipeTest(hermetic.HermeticTestCase):
    def test_a_pipe_of_this_machine_is_judged_as_a_unix_socket(self):
        for path in (r"\\.\pipe\docker_engine", r"\\?\PIPE\x", "//./pipe/x", r"\\.\pipe\a\b"):
            with self.subTest(path=path):
                operation = pipe_operation("open", "connect", path)
                self.assertEqual(operation, Operation(NETWORK, "connect", path, "open", UNIX, path))

    def test_a_pipe_of_another_machine_is_judged_by_its_name(self):
        for path in (r"\\db.test\pipe\sql\query", r"\\db.test/Pipe/x", r"\\?\UNC\db.test\pipe\x", "//db.test/pipe/x"):
            with self.subTest(path=path):
                operation = pipe_operation("open", "connect", path)
                self.assertEqual(operation, Operation(NETWORK, "connect", path, "open", INET, "db.test"))

    def test_other_paths_are_no_pipes(self):
        for path in (
            r"C:\pipe\x",
            r"\\server\share\pipe\x",
            r"\\?\C:\pipe\x",
            r"\\.\pipe",
            "/pipe/x",
            "",
            3,
            None,
            b"x",
        ):
            with self.subTest(path=path):
                self.assertIsNone(pipe_operation("open", "connect", path))

    def test_events_of_files_tell_clients_from_servers(self):
        for event, action in (("_winapi.CreateFile", "connect"), ("_winapi.CreateNamedPipe", "listen")):
            with self.subTest(event=event):
                operation = READERS[event](r"\\.\pipe\x", 0, 0)
                self.assertEqual((operation.action, operation.api), (action, event))
                self.assertIsNone(READERS[event](r"C:\file", 0, 0))

    def test_open_is_watched_on_windows_alone(self):
        self.assertEqual("open" in READERS, features.WINDOWS)

    def test_pipes_of_the_standard_library_that_lead_nowhere_else_are_allowed(self):
        pipe = pipe_operation("_winapi.CreateNamedPipe", "listen", r"\\.\pipe\x")
        for module, function in (("multiprocessing.connection", "Pipe"), ("asyncio.windows_utils", "pipe")):
            names = {"__name__": module, "judge": audit.judge, "operation": pipe}
            exec(f"def {function}(): judge(operation)\ndef other(): judge(operation)", names)
            with mock.patch.object(features, "SOCKETPAIR_IS_A_SYSTEM_CALL", new=False):
                names[function]()
                with self.assertViolation(hermetic.NetworkViolationError):
                    names["other"]()
            with mock.patch.object(features, "SOCKETPAIR_IS_A_SYSTEM_CALL", new=True):
                with self.assertViolation(hermetic.NetworkViolationError):
                    names[function]()


class StartTest(hermetic.HermeticTestCase):
    def assert_start(self, operation: Operation, target: str, command: str) -> None:
        self.assertEqual((operation.kind, operation.action), (PROCESS, "start"))
        self.assertEqual((operation.target, operation.command), (target, command))

    def test_spawn_gives_the_path_and_the_arguments(self):
        operation = READERS["os.spawn"](0, r"C:\git.exe", ["git", "log"], {})
        self.assert_start(operation, "git log", r"C:\git.exe")

    def test_create_process_gives_the_application_or_the_program_of_the_command_line(self):
        for application, line, command in (
            (None, "git log", "git"),
            (None, r'"C:\Program Files\git.exe" log', r"C:\Program Files\git.exe"),
            ("git.exe", "x log", "git.exe"),
        ):
            with self.subTest(line=line):
                self.assert_start(create_process_operation(application, line, None), line, command)
        self.assert_start(create_process_operation("git.exe", None), "git.exe", "git.exe")
        self.assert_start(create_process_operation(None, None), "start", "")


class RegistryTest(hermetic.HermeticTestCase):
    def test_the_registry_of_another_machine_is_the_network(self):
        operation = READERS["winreg.ConnectRegistry"](r"\\db.test", 1)
        self.assertEqual((operation.kind, operation.family, operation.host), (NETWORK, INET, "db.test"))
        self.assertIsNone(READERS["winreg.ConnectRegistry"](None, 1))
