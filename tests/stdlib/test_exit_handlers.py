"""Exit handlers can be run and dropped."""

from __future__ import annotations

import hermetic
import support


@hermetic.medium
class ExitHandlersTest(hermetic.HermeticTestCase):
    def run_code(self, code: str, *flags: str) -> str:
        done = support.run_python(*flags, "-c", f"from hermetic._stdlib import exit_handlers\n{code}")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

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
