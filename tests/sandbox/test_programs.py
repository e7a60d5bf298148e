"""Programs in a sandbox: a new program gets the policy that it was started under."""

from __future__ import annotations

import os
from unittest import mock

from hermetic import HermeticTestCase
from hermetic._base import features
from support import linux_only

if features.LINUX:
    from hermetic._sandbox import programs

PID = 7


@linux_only("a kernel sandbox")
class ProgramsTest(HermeticTestCase):
    def setUp(self):
        patch = mock.patch.object(programs, "_image_of", return_value=("python", "1"))
        self.image_of = patch.start()
        self.addCleanup(patch.stop)
        self.programs = programs.Programs()
        self.standing = programs.Standing(None, is_free=True)

    def test_a_copy_of_the_worker_has_no_standing(self):
        self.assertIsNone(self.programs.standing_of(PID))

    def test_a_start_that_has_not_succeeded_changes_nothing(self):
        self.programs.note_start(PID, self.standing)
        self.assertIsNone(self.programs.standing_of(PID))

    def test_a_new_image_has_the_standing_and_so_have_its_forks(self):
        self.programs.note_start(PID, self.standing)
        self.image_of.return_value = ("git", "2")
        self.assertIs(self.programs.standing_of(PID), self.standing)
        self.assertIs(self.programs.standing_of(PID + 1), self.standing)

    def test_another_image_has_none(self):
        self.programs.note_start(PID, self.standing)
        self.image_of.return_value = ("git", "2")
        self.programs.standing_of(PID)
        self.image_of.return_value = ("ls", "3")
        self.assertIsNone(self.programs.standing_of(PID))

    def test_a_process_without_an_image_has_none(self):
        self.image_of.return_value = ()
        self.programs.note_start(PID, self.standing)
        self.assertIsNone(self.programs.standing_of(PID))


@linux_only("/proc")
class ProcessTest(HermeticTestCase):
    def test_a_process_is_known_by_its_parent_its_program_and_its_image(self):
        here = os.getpid()
        self.assertEqual((programs.real_process(here), programs.parent_of(here)), (here, os.getppid()))
        self.assertEqual(programs.program_name(here), os.path.basename(os.readlink("/proc/self/exe")))
        self.assertEqual(programs._image_of(here), programs._image_of(here))
        self.assertEqual(len(programs._image_of(here)), 5)

    def test_of_a_process_that_is_not_there_nothing_is_known(self):
        missing = 2**22 + 1
        self.assertEqual((programs.real_process(missing), programs.parent_of(missing)), (0, 0))
        self.assertEqual((programs.program_name(missing), programs._image_of(missing)), ("", ()))
