"""Paths, test names, output, and variables may contain undecodable names, under any locale."""

from __future__ import annotations

import json
import os
import sys
import unittest
import xml.etree.ElementTree as ET

import support
from hermetic import medium

setUpModule = support.some_pythons_do

FOLDER = "caf\udce9 and\na 'new' \"line\" {0} %s $(x)"  # a byte that is not UTF-8
SUITE = r"""
import os, subprocess, sys, unittest
from hermetic import isolated, medium, small

class ÜbelTest(unittest.TestCase):
    @isolated
    def test_ä(self):
        '''Grüße ☃'''
        print("ä ☃")
        sys.stdout.buffer.write(b"\xff\n")
        self.fail("ö \udcff ☃")

    @medium
    def test_variables_and_arguments(self):
        environment = {**os.environ, "ODD": "\udce4"}
        subprocess.run([sys.executable, "-c", "", b"\xff\n"], check=True, env=environment)

    @small
    def test_violates(self):
        subprocess.run(["ö\udcff\n"])
"""
PLAIN = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii:backslashreplace"}


@medium
@unittest.skipIf(sys.platform in ("win32", "darwin"), "file names are Unicode there")
class NamesTest(unittest.TestCase):
    def check(self, *arguments: str, **env: str) -> None:
        with support.Folder(**{f"{FOLDER}__slash__test_odd.py": SUITE}) as top:
            folder = os.path.join(top, FOLDER)
            reports = "--json=report.json", "--junit-xml=report.xml", "--html=report.html"
            ran = support.run_hermetic("discover", "-s", ".", *arguments, *reports, cwd=folder, env=env)
            with open(os.path.join(folder, "report.json"), encoding="utf-8") as file:
                found = {test["id"]: test["outcome"] for test in json.load(file)["tests"]}
            suites = ET.parse(os.path.join(folder, "report.xml")).getroot()
        self.assertTrue(ran.stderr.endswith("\nFAILED (failures=1, errors=1)\n"), ran.stderr)
        ends = {name.rpartition("_")[2]: outcome for name, outcome in found.items()}
        self.assertEqual({"ä": "failure", "arguments": "success", "violates": "error"}, ends)
        self.assertEqual(3, len([*suites.iter("testcase")]))

    def test_in_a_locale_of_ascii(self) -> None:
        self.check("-j", "2", **PLAIN)

    def test_in_a_locale_of_ascii_with_fresh_interpreters(self) -> None:
        self.check("--isolated-start", "fresh", "--isolated", **PLAIN)
