"""Three hundred tests that depend on their code alone, and take a few milliseconds each, as most tests do."""

import json
import os
import tempfile
import threading
import unittest
from collections import Counter


def add_tests(cls):
    for number in range(50):
        setattr(cls, f"test_{number}", lambda self, number=number: self.check(number))
    return cls


class WaitingTestCase(unittest.TestCase):
    def setUp(self):
        threading.Event().wait(0.005)


@add_tests
class ArithmeticTest(WaitingTestCase):
    def check(self, number):
        self.assertEqual(sum(range(number + 1)), number * (number + 1) // 2)


@add_tests
class TextTest(WaitingTestCase):
    def check(self, number):
        self.assertEqual(int(f"{number:08b}", 2), number)


@add_tests
class JsonTest(WaitingTestCase):
    def check(self, number):
        self.assertEqual(json.loads(json.dumps({"number": number})), {"number": number})


@add_tests
class FileTest(WaitingTestCase):
    def check(self, number):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "file")
            with open(path, "w", encoding="utf-8") as file:
                file.write("é" * number)
            self.assertEqual(os.path.getsize(path), 2 * number)


@add_tests
class SetTest(WaitingTestCase):
    def check(self, number):
        self.assertEqual(sorted({*"planted", *str(number)}), sorted(Counter(f"planted{number}")))


@add_tests
class PathTest(WaitingTestCase):
    def check(self, number):
        self.assertEqual(os.path.splitext(f"{number}.txt"), (str(number), ".txt"))
