import subprocess

from hermetic import HermeticTestCase


def current_tag():  # the code under test
    try:
        return subprocess.check_output(["git", "describe"], text=True).strip()
    except Exception:
        return "unknown"


class ReleaseTest(HermeticTestCase):  # small unless it says otherwise
    def test_current_tag(self):
        self.assertTrue(current_tag())
