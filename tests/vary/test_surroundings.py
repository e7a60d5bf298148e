"""Each variation is in force in the process of the tests, together with others, as far as this machine can."""

from __future__ import annotations

import os
import sys
import tempfile
from unittest import mock

import support
from hermetic import HermeticTestCase, medium
from hermetic._isolation import process_tree
from hermetic._variations import catalogue
from hermetic._vary.process import ProcessLimits
from hermetic._vary.runs import Asked, Runs
from hermetic._vary.verdicts import MISSING, PASSES
from support import not_inherited, package_folder, write_files

setUpModule = support.some_pythons_do

# What holds under a variation, and not in a plain run.
HOLDS = {
    **{f"hash-seed={seed}": f"os.environ['PYTHONHASHSEED'] == '{seed}'" for seed in "123"},
    "optimize=O": "sys.flags.optimize == 1",
    "optimize=OO": "sys.flags.optimize == 2",
    "bytes-warning=error": "sys.flags.bytes_warning == 2",
    "dev-mode=on": "sys.flags.dev_mode",
    "warnings=error": "warnings.filters[0][0] == 'error'",
    "garbage=off": "not gc.isenabled()",
    "garbage=eager": "gc.get_threshold()[0] == 1",
    "recursion=300": "sys.getrecursionlimit() == 300",
    "thread-switch=1e-6": "sys.getswitchinterval() < 1e-4",
    "random=seeded": "random.getstate() == random.Random(1).getstate()",
    "timezone=Asia/Kathmandu": "utc_offset() == 345",
    "timezone=America/New_York": "time.daylight == 1 and utc_offset() in (-300, -240)",
    "timezone=Pacific/Kiritimati": "utc_offset() == 840",
    "timezone=Etc/GMT+12": "utc_offset() == -720",
    "locale=C": "locale.getpreferredencoding(False).lower() in ('ansi_x3.4-1968', 'us-ascii')",
    "locale=utf-8-mode": "sys.flags.utf8_mode == 1",
    "locale=utf-8": "os.environ['LC_ALL'] == 'C.UTF-8'",
    "locale=foreign": "locale.setlocale(locale.LC_ALL, '') not in ('C', 'C.UTF-8')",
    "stdout=ascii": "sys.__stdout__.encoding == 'ascii'",
    "environment=few": "'OTHER' not in os.environ and 'PATH' in os.environ",
    "environment=noise": "os.environ['EDITOR'] == 'false' and 'NOISE_99' in os.environ",
    "ci=set": "os.environ.get('CI') == 'true'",
    "proxies=set": "os.environ.get('http_proxy') == 'http://127.0.0.1:9'",
    "terminal=narrow": "shutil.get_terminal_size().columns == 37",
    "colour=off": "'NO_COLOR' in os.environ",
    "colour=on": "'FORCE_COLOR' in os.environ",
    "home=missing": "not can_make(os.path.expanduser('~/x'))",
    "home=unset": "'HOME' not in os.environ",
    "home=read-only": "not can_make(os.path.expanduser('~/x'))",
    "home=empty": "os.listdir(os.environ['HOME']) == []",
    "date=month-end": "time.strftime('%m-%d') in ('01-31', '02-01') and slept()",
    "date=leap-day": "time.strftime('%m-%d') == '02-29' and slept()",
    "date=year-end": "time.strftime('%m-%d') in ('12-31', '01-01') and slept()",
    "date=clock-change": "time.strftime('%m-%d') == '03-14' and slept()",
    "date=ten-years-on": "time.strftime('%Y') == '2037' and slept()",
    "timing=slow": "starts_late()",
    "temporary-folder=blank": "' ' in tempfile.mkdtemp()",
    "temporary-folder=quote": '"\'" in tempfile.mkdtemp()',
    "temporary-folder=non-ascii": "not tempfile.mkdtemp().isascii()",
    "temporary-folder=long": "len(tempfile.mkdtemp()) > 110",
    "tree=blank": "' ' in __file__ and ' ' in os.getcwd()",
    "tree=quote": '"\'" in __file__',
    "tree=non-ascii": "not __file__.isascii()",
    "tree=long": "len(__file__) > 110",
    "tree=read-only": "not can_make(os.path.join(os.path.dirname(__file__), 'x'))",
    "current-folder=elsewhere": "os.path.basename(os.getcwd()) == 'elsewhere'",
    "umask=077": "umask() == 0o77",
    "umask=000": "umask() == 0",
    "processors=one": "len(os.sched_getaffinity(0)) == 1",
    "processors=many": "os.cpu_count() == 64",
    "start-method=fork": "multiprocessing.get_start_method() == 'fork'",
    "start-method=forkserver": "multiprocessing.get_start_method() == 'forkserver'",
    "network=loopback": "interfaces() == ['lo'] and can_bind('127.0.0.1')",
    "network=no-ipv6": "interfaces() == ['lo'] and can_bind('127.0.0.1') and not can_bind('::1')",
    "network=none": "interfaces() == ['lo'] and not can_connect()",
    "host-name=long": "socket.gethostname() == 'x' * 60",
    "stdin=closed": "sys.__stdin__ is None",
    "stdin=terminal": "sys.__stdout__.isatty() and os.get_terminal_size(1) == (80, 24)",
    "descriptors=few": "resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 64",
    "descriptors=taken": "os.open(os.devnull, os.O_RDONLY) > 1024",
    "user=other": "os.getuid() == 1000",
}
HELPERS = """
    import gc, locale, multiprocessing, os, random, shutil, socket, subprocess, sys, tempfile, threading, time, unittest
    import warnings
    from hermetic._base import real
    try:
        import resource
    except ImportError:
        pass

    def utc_offset():
        return time.localtime().tm_gmtoff // 60

    def can_make(path):
        try:
            os.mkdir(path)
            os.rmdir(path)
        except OSError:
            return False
        return True

    def umask():
        found = os.umask(0)
        os.umask(found)
        return found

    def slept():
        time.sleep(0.01)
        real.sleep(0.01)  # as hermetic itself does
        subprocess.run([sys.executable, "-c", "import time; time.sleep(.01)"], check=True)
        return not threading.Event().wait(0.01)

    def starts_late():
        started, seen = time.monotonic(), []
        thread = threading.Thread(target=seen.append, args=(1,))
        thread.start()
        early = not seen
        thread.join()
        return early and seen == [1]

    def interfaces():
        return [name for _, name in socket.if_nameindex()]

    def can_bind(host):
        try:
            with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as one:
                one.bind((host, 0))
        except OSError:
            return False
        return True

    def can_connect():
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            one.listen()
            try:
                other.connect(one.getsockname())
            except OSError:
                return False
        return True

    class HoldsTest(unittest.TestCase):
        pass

    def holding(expression):
        return lambda self: self.assertTrue(eval(expression))
"""


@support.not_measured
@medium
class SurroundingsTest(HermeticTestCase):
    def passing(self, asked):
        """For each set of variations, the names of those that hold."""
        lines = [f"setattr(HoldsTest, {'test ' + name!r}, holding({holds!r}))" for name, holds in HOLDS.items()]
        with tempfile.TemporaryDirectory() as folder:
            write_files(folder, {"test_x.py": HELPERS})
            with open(os.path.join(folder, "test_x.py"), "a", encoding="utf-8") as file:
                file.write("\n".join(lines))
            command = [sys.executable, "-m", "hermetic", "discover", "-s", folder]
            environ = {"PYTHONPATH": package_folder(), "HERMETIC_DEFAULT_SIZE": "xlarge", "OTHER": "x", "TZ": "UTC0"}
            with (
                mock.patch.dict(os.environ, environ),
                mock.patch.object(sys, "orig_argv", command),
                mock.patch.object(os, "getcwd", lambda: folder),
                not_inherited(),
            ):
                process_tree.adopt_orphans()
                runs = Runs(2, float("inf"), lambda _: None)
                runs._limits = ProcessLimits(60.0, 60.0)
                found = runs.each([Asked(tuple(variations), None) for variations in asked])
        return [
            {subject.name.partition("test ")[2] or str(subject): verdict for subject, verdict in verdicts.items()}
            for verdicts in found
        ]

    def test_each_is_in_force_and_not_without(self):
        with mock.patch.dict(os.environ):
            for name in ("CI", "FORCE_COLOR", "NO_COLOR"):
                os.environ.pop(name, None)
            usable = [one for one in catalogue.ALL if one.name in HOLDS and not one.why_not()]
            batches = catalogue.batches(usable)
            plain, *varied = self.passing([(), *batches])
        for batch, verdicts in zip(batches, varied, strict=True):
            for variation in batch:
                with self.subTest(variation=variation.name, together_with=[one.name for one in batch]):
                    self.assertEqual(
                        verdicts.get(variation.name, MISSING).outcome,
                        PASSES,
                        str(verdicts.get(variation.name, verdicts)),
                    )
                    self.assertNotEqual(plain[variation.name][0], PASSES)

    def test_none_is_forgotten(self):
        others = {variation.name for variation in catalogue.ALL} - HOLDS.keys()
        self.assertEqual(
            {name.partition("=")[0] for name in others}, {"timezone", "ci", "order", "start-method", "python"}
        )
