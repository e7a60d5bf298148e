"""Answers of workers are kept until they are taken, whatever their number."""

from __future__ import annotations

import os
from unittest import mock

from hermetic import HermeticTestCase, medium
from hermetic._protocol import kept_answers


@medium  # it writes a file
class KeptAnswersTest(HermeticTestCase):
    def test_what_is_too_much_for_memory_is_kept_in_a_file_which_is_removed(self):
        answers = [[["output", "out", f"{number} \udc80 é" * 10]] for number in range(20)]
        with mock.patch.object(kept_answers, "_MAX_BYTES", 500):
            kept = kept_answers.KeptAnswers()
            for key, answer in enumerate(answers):
                kept.put(key, answer)
            self.assertGreater(os.fstat(kept._file.fileno()).st_size, 1000)
            self.assertEqual(os.name == "nt", os.path.exists(kept._path))  # elsewhere, nobody else finds it
            self.assertEqual(answers, [kept.take(key) for key in range(20)])
            self.assertEqual(0, kept._bytes)
            kept.close()
        self.assertFalse(os.path.exists(kept._path))
