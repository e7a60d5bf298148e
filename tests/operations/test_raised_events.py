"""Canaries: the audit events that the interpreter raises or does not raise."""

from __future__ import annotations

import unittest
import unittest.signals

import hermetic
import support
from hermetic._base import features, real
from support.plain_python import last_line


@hermetic.medium
class ProcessEventsTest(hermetic.HermeticTestCase):
    """The events of processes and sockets."""

    HOOK = "import json, sys\nseen = []\nsys.addaudithook(lambda event, args: seen.append((event, repr(args))))\n"
    SHOW = "print(json.dumps(seen))\n"
    SPAWN = (
        "import os, multiprocessing.util as u\n"
        "u.spawnv_passfds(os.fsencode(sys.executable), ['zero', '-c', ''], [])\nos.wait()\n"
    )

    def events(self, code: str) -> dict[str, str]:
        return dict(last_line(self.HOOK + code + self.SHOW))  # type: ignore[call-overload]

    @support.posix_only("fork")
    def test_fork_exec_raises_an_event_exactly_from_3_14_on(self):
        seen = self.events(self.SPAWN)
        self.assertEqual("_posixsubprocess.fork_exec" in seen, not features.FORK_EXEC_RAISES_NO_EVENT)

    @unittest.skipIf(features.FORK_EXEC_RAISES_NO_EVENT, "fork_exec raises no event here")
    @support.posix_only("fork")
    def test_the_event_of_fork_exec_gives_executables_arguments_and_environment(self):
        arguments = self.events(self.SPAWN)["_posixsubprocess.fork_exec"]
        self.assertRegex(arguments, r"^\(\[b'/.*'\], \[b?'zero', b?'-c', b?''\], None\)$")

    def test_popen_announces_itself_from_the_module_subprocess(self):
        seen = self.events("import subprocess\nsubprocess.run([sys.executable, '-c', ''])\n")
        self.assertIn("-c", seen["subprocess.Popen"])
        self.assertNotIn("os.system", seen)

    @support.posix_only("fork")
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
