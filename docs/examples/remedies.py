import subprocess
from unittest import mock

import hermetic
from hermetic import HermeticTestCase


def current_tag(run=subprocess.run):  # the code under test
    return run(["git", "describe"], capture_output=True, text=True).stdout.strip()


def branch():
    return subprocess.check_output(["git", "branch", "--show-current"], text=True).strip()


class ReleaseTest(HermeticTestCase):
    def test_patched_where_it_is_used(self):
        with mock.patch(f"{__name__}.subprocess.check_output", return_value="main\n"):
            self.assertEqual(branch(), "main")

    def test_injected(self):
        def fake_run(command, **_):
            return subprocess.CompletedProcess(command, 0, stdout="v1.9\n")

        self.assertEqual(current_tag(run=fake_run), "v1.9")


if __name__ == "__main__":
    hermetic.main()
