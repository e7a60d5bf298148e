"""The guard of a worker covers names that were imported before the worker was forked."""

from __future__ import annotations

import re

from hermetic import medium
from support.sample_runs import SampleRunCase

MODES = ((), ("-j", "2"), ("--isolated",), ("--isolated", "--isolated-start", "fresh"))


@medium
class EarlyNamesTest(SampleRunCase):
    TESTS = """
        import unittest
        from hermetic import small
        import _socket, socket  # after the guard was installed, and before the first socket
        from socket import getnameinfo
        listen, c_listen = socket.socket.listen, _socket.socket.listen
        NUMERIC = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV

        class Swallowing(unittest.TestCase):
            def swallow(self, function):
                with socket.socket() as sock:
                    sock.bind(("127.0.0.1", 0))
                    try:
                        function(sock)
                    except Exception:
                        pass

        @small
        class Early(Swallowing):
            def test_listen(self): self.swallow(lambda sock: listen(sock))
        @small
        class EarlyC(Swallowing):
            def test_c_listen(self): self.swallow(lambda sock: c_listen(sock))
        @small
        class Allowed(unittest.TestCase):
            def test_numeric(self):
                socket.socket().close()
                for function in (getnameinfo, socket.getnameinfo):
                    self.assertEqual(("127.0.0.1", "9"), function(("127.0.0.1", 9), NUMERIC))
    """

    def test_they_are_guarded_in_each_kind_of_process(self):
        for options in MODES:
            with self.subTest(options):
                done, errors = self.run_sample(*options, "-v", "test_sample")
                self.assert_errors(errors, done, {"test_listen": "[H001]", "test_c_listen": "[H001]"})
                self.assertTrue(re.search(r"test_numeric .*ok\n", done.stderr), done.stderr)
