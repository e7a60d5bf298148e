"""The remedies in messages and in the documentation work in a small test."""

from __future__ import annotations

import concurrent.futures
import contextlib
import importlib.util
import json
import os
import re
import subprocess
import unittest
import urllib.request
from unittest import mock

import hermetic
import support
from hermetic import HermeticTestCase, NetworkViolationError, SubprocessViolationError, medium
from samples import shop, shop_by_name


def installed(*names: str):
    """Skip where the packages are missing."""
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    return unittest.skipIf(missing, f"not installed: {', '.join(missing)}")


def run_tests(cls: type[unittest.TestCase]) -> support.EventResult:
    result = support.EventResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(cls).run(result)
    return result


class AsTheMessageSays(HermeticTestCase):
    """Each call of the sample is refused; the ``mock.patch`` line of its message is applied; it is called again."""

    def assert_patch_works(self, act, expected: str | None = None) -> None:
        with self.assertViolation() as refused:
            act()
        target = re.search(r'patch it where it is used:\s+mock\.patch\("(.+)"\)', str(refused.error))
        self.assertIsNotNone(target, f"no such line in: {refused.error}")
        if expected is not None:
            self.assertEqual(target[1], expected)
        with mock.patch(target[1]) as replaced:
            act()
        self.assertTrue(replaced.mock_calls, f"{target[1]} is not what is called")

    def test_scripting_the_command_by_the_line_of_the_message(self) -> None:
        for act in (shop.run_by_module, shop_by_name.run_by_name, shop.check_output_by_module):
            with self.subTest(act=act):
                with self.assertViolation() as refused:
                    act()
                line = re.search(r"script the command:\s+self\.subprocess\.(mock_run\(.+\))", str(refused.error))
                self.assertIsNotNone(line, f"no such line in: {refused.error}")
                with hermetic.SubprocessMock() as sp:
                    exec(f"sp.{line[1]}", {"sp": sp})
                    act()

    def test_run_by_module(self) -> None:
        self.assert_patch_works(shop.run_by_module, "samples.shop.subprocess.run")

    def test_run_by_name(self) -> None:
        self.assert_patch_works(shop_by_name.run_by_name, "samples.shop_by_name.run")

    def test_check_output_by_module(self) -> None:
        self.assert_patch_works(shop.check_output_by_module, "samples.shop.subprocess.check_output")

    def test_check_output_by_name(self) -> None:
        self.assert_patch_works(shop_by_name.check_output_by_name, "samples.shop_by_name.check_output")

    def test_popen_by_module(self) -> None:
        self.assert_patch_works(shop.popen_by_module, "samples.shop.subprocess.Popen")

    def test_popen_by_name(self) -> None:
        self.assert_patch_works(shop_by_name.popen_by_name, "samples.shop_by_name.Popen")

    def test_os_system(self) -> None:
        self.assert_patch_works(shop.os_system, "samples.shop.os.system")

    def test_os_popen(self) -> None:
        self.assert_patch_works(shop.os_popen, "samples.shop.os.popen")

    def test_process_by_module(self) -> None:
        self.assert_patch_works(shop.process_by_module, "samples.shop.multiprocessing.Process")

    def test_process_by_name(self) -> None:
        self.assert_patch_works(shop_by_name.process_by_name, "samples.shop_by_name.Process")

    def test_connect_by_module(self) -> None:
        self.assert_patch_works(shop.connect_by_module, "samples.shop.socket.create_connection")

    def test_connect_by_name(self) -> None:
        self.assert_patch_works(shop_by_name.connect_by_name, "samples.shop_by_name.create_connection")

    def test_look_up_by_module(self) -> None:
        self.assert_patch_works(shop.look_up_by_module, "samples.shop.socket.gethostbyname")

    def test_look_up_by_name(self) -> None:
        self.assert_patch_works(shop_by_name.look_up_by_name, "samples.shop_by_name.gethostbyname")

    def test_urlopen_by_module(self) -> None:
        self.assert_patch_works(shop.urlopen_by_module, "samples.shop.urllib.request.urlopen")

    def test_urlopen_by_name(self) -> None:
        self.assert_patch_works(shop_by_name.urlopen_by_name, "samples.shop_by_name.urlopen")

    def test_a_method_of_a_socket(self) -> None:
        self.assert_patch_works(shop.connect_a_socket)

    def test_run_by_module_where_the_name_is_there_too(self) -> None:
        act = shop_by_name.run_by_module_where_the_name_is_there_too
        self.assert_patch_works(act, "samples.shop_by_name.subprocess.run")

    def test_a_server(self) -> None:
        self.assert_patch_works(shop.start_server)

    def test_the_line_is_there_for_code_in_the_test_module(self) -> None:
        self.assert_patch_works(lambda: subprocess.run(["true"], check=True), f"{__name__}.subprocess.run")


class MocksInTheBody(HermeticTestCase):
    @mock.patch("subprocess.run")
    def test_a_decorator_on_subprocess_run(self, run) -> None:
        shop.run_by_module()
        run.assert_called_once_with(["true"], check=True)

    def test_a_block_on_subprocess_run(self) -> None:
        with mock.patch("subprocess.run", autospec=True) as run:
            shop.run_by_module()
        run.assert_called_once_with(["true"], check=True)

    def test_the_name_where_it_is_used(self) -> None:
        with mock.patch("samples.shop_by_name.run") as run:
            shop_by_name.run_by_name()
        run.assert_called_once_with(["true"], check=True)

    def test_an_object_patch(self) -> None:
        with mock.patch.object(shop_by_name, "run", return_value="mocked"):
            self.assertEqual(shop_by_name.run_by_name(), "mocked")

    def test_popen(self) -> None:
        with mock.patch("subprocess.Popen") as popen:
            popen.return_value.__enter__.return_value.communicate.return_value = ("", "")
            popen.return_value.__enter__.return_value.poll.return_value = 0
            shop.run_by_module()
        popen.assert_called_once()

    def test_os_system(self) -> None:
        with mock.patch("os.system", return_value=3):
            self.assertEqual(shop.os_system(), 3)

    def test_multiprocessing_process(self) -> None:
        with mock.patch("multiprocessing.Process") as process:
            shop.process_by_module()
        process.return_value.start.assert_called_once_with()

    def test_the_socket_class(self) -> None:
        with mock.patch("socket.socket") as cls:
            shop.connect_a_socket()
        cls.return_value.__enter__.return_value.connect.assert_called_once()

    def test_a_method_of_the_socket_class(self) -> None:
        with mock.patch("socket.socket.connect") as connect:
            shop.connect_a_socket()
        connect.assert_called_once_with(("127.0.0.1", 9))

    def test_when_the_mock_is_gone_the_guard_is_back(self) -> None:
        with mock.patch("subprocess.run"):
            shop.run_by_module()
        with self.assertViolation(SubprocessViolationError):
            shop.run_by_module()

    def test_when_the_mock_of_the_socket_class_is_gone_the_guard_is_back(self) -> None:
        with mock.patch("socket.socket.connect"):
            shop.connect_a_socket()
        with self.assertViolation(NetworkViolationError):
            shop.connect_a_socket()


class MocksInSetUp(HermeticTestCase):
    def setUp(self) -> None:
        patcher = mock.patch("subprocess.run")
        self.run_mock = patcher.start()
        self.addCleanup(patcher.stop)

    def test_it_is_called(self) -> None:
        shop.run_by_module()
        self.run_mock.assert_called_once()

    def test_it_is_called_again(self) -> None:
        shop.run_by_module()
        self.run_mock.assert_called_once()


class MocksInSetUpClass(HermeticTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        patcher = mock.patch("socket.create_connection", return_value="mocked")
        patcher.start()
        cls.addClassCleanup(patcher.stop)

    def test_it_is_called(self) -> None:
        self.assertEqual(shop.connect_by_module(), "mocked")

    def test_it_is_called_again(self) -> None:
        self.assertEqual(shop.connect_by_module(), "mocked")


class MocksStoppedLate(HermeticTestCase):
    """The mock of one test is stopped while another runs: nothing of it stays, and nothing of ours gets lost."""

    def test_started_in_one_and_stopped_in_the_next(self) -> None:
        patcher, original = mock.patch("subprocess.run"), subprocess.run

        class Case(HermeticTestCase):
            def test_1(self):
                patcher.start()
                shop.run_by_module()

            def test_2(self):
                shop.run_by_module()
                patcher.stop()
                with self.assertViolation(SubprocessViolationError):
                    shop.run_by_module()

        result = run_tests(Case)
        self.assertEqual((result.errors, result.failures), ([], []))
        self.assertIs(subprocess.run, original)

    def test_of_the_socket_class_stopped_in_the_next(self) -> None:
        patcher = mock.patch("socket.socket.connect")

        class Case(HermeticTestCase):
            def test_1(self):
                patcher.start()
                shop.connect_a_socket()

            def test_2(self):
                shop.connect_a_socket()
                patcher.stop()
                with self.assertViolation(NetworkViolationError):
                    shop.connect_a_socket()

        result = run_tests(Case)
        self.assertEqual((result.errors, result.failures), ([], []))

    def test_a_larger_test_afterwards_gets_the_original(self) -> None:
        patcher = mock.patch("os.system", return_value=3)

        class Case(HermeticTestCase):
            def test_1(self):
                self.addCleanup(patcher.stop)
                patcher.start()
                self.assertEqual(shop.os_system(), 3)

            @medium
            def test_2(self):
                self.assertNotEqual(shop.os_system(), 3)

        result = run_tests(Case)
        self.assertEqual((result.errors, result.failures), ([], []))


class FakesInPlaceOfTheRealThing(HermeticTestCase):
    def test_an_injected_function(self) -> None:
        def execute(command, **_):
            return subprocess.CompletedProcess(command, 0, stdout="git version 2.39\n")

        self.assertEqual(shop.Git(execute).version(), "git version 2.39\n")

    def test_an_injected_client(self) -> None:
        client = mock.Mock(**{"get.return_value": "answer"})
        self.assertEqual(shop.fetch("http://db.invalid/", client), "answer")

    def test_a_fake_executor(self) -> None:
        class FakeExecutor(concurrent.futures.Executor):
            def submit(self, function, /, *args, **kwargs):
                future = concurrent.futures.Future()
                future.set_result(function(*args, **kwargs))
                return future

        self.assertEqual(shop.compute_all([-1, -2], FakeExecutor), [1, 2])

    def test_an_executor_of_threads_for_one_of_processes(self) -> None:
        self.assertEqual(shop.compute_all([-1, -2], concurrent.futures.ThreadPoolExecutor), [1, 2])

    def test_an_executor_of_processes_is_refused(self) -> None:
        with self.assertViolation(SubprocessViolationError):
            shop.compute_all([-1], concurrent.futures.ProcessPoolExecutor)

    def test_a_handler_without_a_server(self) -> None:
        import io
        from http.server import BaseHTTPRequestHandler

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        request = mock.Mock(**{"makefile.return_value": io.BytesIO(b"GET / HTTP/1.0\r\n\r\n")})
        Handler(request, ("127.0.0.1", 1), None)
        self.assertIn(b"204", request.sendall.call_args[0][0])


class HttpInMemory(HermeticTestCase):
    @installed("responses", "requests")
    def test_responses(self) -> None:
        import requests
        import responses

        with responses.RequestsMock() as mocked:
            mocked.get("http://api.invalid/", json={"a": 1})
            self.assertEqual(requests.get("http://api.invalid/", timeout=5).json(), {"a": 1})

    @installed("responses", "requests")
    def test_a_request_that_responses_lets_through_is_refused(self) -> None:
        import requests
        import responses

        with responses.RequestsMock() as mocked:
            mocked.add_passthru("http://127.0.0.1:9")
            with self.assertViolation(NetworkViolationError), contextlib.suppress(requests.RequestException):
                requests.get("http://127.0.0.1:9/", timeout=5)

    @installed("httpretty")
    def test_httpretty(self) -> None:
        import httpretty

        with httpretty.enabled(allow_net_connect=False):
            httpretty.register_uri(httpretty.GET, "http://api.invalid/", body="answer")
            with urllib.request.urlopen("http://api.invalid/") as answer:
                self.assertEqual(answer.read(), b"answer")

    @installed("httpretty")
    def test_after_httpretty_the_guard_is_back(self) -> None:
        import httpretty

        class Case(HermeticTestCase):
            def test_it(self):
                with httpretty.enabled():
                    pass
                with self.assertViolation(NetworkViolationError):
                    shop.connect_a_socket()

        self.assertEqual(run_tests(Case).errors, [])

    @installed("respx", "httpx")
    def test_respx(self) -> None:
        import httpx
        import respx

        with respx.mock:
            respx.get("http://api.invalid/").respond(json={"a": 1})
            self.assertEqual(httpx.get("http://api.invalid/").json(), {"a": 1})

    @installed("respx", "httpx")
    def test_respx_in_async_code(self) -> None:
        import httpx
        import respx

        class Case(HermeticTestCase, unittest.IsolatedAsyncioTestCase):
            async def test_it(self):
                with respx.mock:
                    respx.get("http://api.invalid/").respond(204)
                    async with httpx.AsyncClient() as client:
                        self.assertEqual((await client.get("http://api.invalid/")).status_code, 204)

        self.assertEqual(run_tests(Case).errors, [])

    @installed("vcr")
    def test_vcrpy(self) -> None:
        import vcr

        with support.Folder(**{"cassette.json": json.dumps(CASSETTE)}) as folder:
            recorder = vcr.VCR(serializer="json", record_mode="none")
            with recorder.use_cassette(os.path.join(folder, "cassette.json")):
                with urllib.request.urlopen("http://api.invalid/") as answer:
                    self.assertEqual(answer.read(), b"answer")


CASSETTE = {
    "version": 1,
    "interactions": [
        {
            "request": {"method": "GET", "uri": "http://api.invalid/", "body": None, "headers": {}},
            "response": {
                "status": {"code": 200, "message": "OK"},
                "headers": {"Content-Length": ["6"]},
                "body": {"string": "answer"},
            },
        }
    ],
}


if __name__ == "__main__":
    unittest.main()
