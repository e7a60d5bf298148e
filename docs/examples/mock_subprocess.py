import shutil
import subprocess

import hermetic
from hermetic import HermeticTestCase


def build_and_run(source):  # the code under test
    gcc = shutil.which("gcc")
    if gcc is None:
        raise RuntimeError("gcc not found")
    subprocess.run([gcc, "-o", "/tmp/out", source], check=True)
    return subprocess.run(["/tmp/out"], capture_output=True, text=True, check=True).stdout


class BuildTest(HermeticTestCase):
    def test_compiles_and_runs(self):
        self.subprocess.mock_which("gcc", returns="/usr/bin/gcc")
        self.subprocess.mock_run(["/usr/bin/gcc", "-o", "/tmp/out", "hello.c"])
        self.subprocess.mock_run(["/tmp/out"], stdout="Hello, world!\n")
        self.assertEqual(build_and_run("hello.c"), "Hello, world!\n")

    def test_fails_if_the_compiler_does(self):
        self.subprocess.mock_which("gcc", returns="/usr/bin/gcc")
        self.subprocess.mock_run(["/usr/bin/gcc", ...], returncode=1)
        with self.assertRaises(subprocess.CalledProcessError):
            build_and_run("hello.c")

    def test_without_a_compiler(self):
        self.subprocess.install()  # no command may be run
        with self.assertRaisesRegex(RuntimeError, "gcc not found"):
            build_and_run("hello.c")


if __name__ == "__main__":
    hermetic.main()
