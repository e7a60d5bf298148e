"""The sample suite: more than thirty dependences among three hundred tests are found, and nobody else is named."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from hermetic import HermeticTestCase, medium
from hermetic._base import features
from hermetic._variations import catalogue
from support import ROOT, TIMEOUT, not_measured, run_hermetic, some_pythons_do

setUpModule = some_pythons_do

SAMPLE = os.path.join(ROOT, "tests", "samples", "dependences")
TESTS, MOST_RUNS = 335, 12
# One value of each subject: all of them would take minutes, and find the same.
NAMES = (
    *("hash-seed=1", "optimize=O", "bytes-warning=error", "dev-mode=on", "warnings=error", "garbage=off"),
    *("recursion=300", "thread-switch=1e-6", "random=seeded", "timezone=Asia/Kathmandu", "locale=C", "stdout=ascii"),
    *("environment=few", "ci=set", "proxies=set", "terminal=narrow", "colour=on", "home=missing", "date=ten-years-on"),
    *("timing=slow", "temporary-folder=quote", "tree=blank", "current-folder=elsewhere", "umask=077", "processors=one"),
    *("start-method=fork", "network=none", "host-name=long", "stdin=closed", "descriptors=few", "user=other"),
    "order=reversed",
)
TOGETHER = {"terminal_and_umask": {"terminal", "umask"}, "garbage_and_optimize": {"garbage", "optimize"}}


@not_measured
@medium
@unittest.skipUnless(features.LINUX, "only Linux can do most of what is planted")
class SampleTest(HermeticTestCase):
    def studied(self):
        """The document of a study's JSON report, and what it printed."""
        with tempfile.TemporaryDirectory(prefix="sample") as folder:
            shutil.copytree(SAMPLE, folder, dirs_exist_ok=True)
            with open(os.path.join(folder, "expected_hash.py"), "w", encoding="utf-8") as file:
                file.write(f"EXPECTED_HASH = {self.hash_of_plain_runs()}\n")
            environ = {"PLANTED": "1", "LANG": "C.UTF-8", "TZ": "UTC0", "COLUMNS": "80", "LINES": "24"}
            result = run_hermetic("--vary", ",".join(NAMES), "-j", "2", "--json", "found.json", cwd=folder, env=environ)
            self.assertEqual(result.returncode, 1, result.stderr)
            with open(os.path.join(folder, "found.json"), encoding="utf-8") as file:
                return json.load(file), result

    def hash_of_plain_runs(self):
        done = subprocess.run(
            [sys.executable, "-c", "print(hash('planted'))"],
            env={**os.environ, "PYTHONHASHSEED": "0"}, capture_output=True, text=True, check=True, timeout=TIMEOUT,
        )  # fmt: skip
        return done.stdout.strip()

    def test_all_are_found_with_their_causes_and_no_other_test_is_named(self):
        document, result = self.studied()
        found = {
            test["name"].removeprefix("test_"): {
                *re.findall(r"([\w-]+)=", test["entries"][0]["message"].partition(":")[0])
            }
            for test in document["tests"]
            if test["outcome"] == "failure"
        }
        left_out = {name.partition("=")[0] for name in re.findall(r"^  ([\w-]+=\S+): ", result.stdout, re.MULTILINE)}
        subjects = {name.partition("=")[0] for name in NAMES}
        self.assertEqual(subjects, {variation.subject for variation in catalogue.ALL if not variation.on_request})
        planted = {subject.replace("-", "_"): {subject} for subject in subjects}
        missing = {name for name, needed in planted.items() if name not in found and needed <= left_out}
        self.assertEqual(
            found, {**{name: planted[name] for name in planted.keys() - missing}, **TOGETHER}, result.stdout
        )
        self.assertEqual(document["totals"]["tests"], TESTS)
        for heading in ("not each time:", "no cause was found:", "differs between plain runs:"):
            self.assertNotIn(heading, result.stdout)
        ran = int(re.search(r"processes ran ([\d,]+) tests", result.stderr)[1].replace(",", ""))
        self.assertLessEqual(ran, MOST_RUNS * TESTS, result.stderr)
