"""Questions and answers in the format of the kernel's seccomp interface."""

from __future__ import annotations

import errno
import struct
from unittest import mock

from hermetic import HermeticTestCase
from hermetic._base import features
from support import linux_only

if features.LINUX:
    from hermetic._sandbox import seccomp

LISTENER = 9


@linux_only("a kernel sandbox")
class AnswersTest(HermeticTestCase):
    def ioctl(self, **behaviour: object) -> mock.Mock:
        patch = mock.patch.object(seccomp.fcntl, "ioctl", **behaviour)
        self.addCleanup(patch.stop)
        return patch.start()

    def call(self, number: int = 42, *arguments: int) -> object:
        return seccomp.SystemCall(5, 7, number, (*arguments, *[0] * (6 - len(arguments))))

    def test_a_question_is_a_call_with_its_thread_its_number_and_six_arguments(self):
        question = struct.pack("=QIIiIQ6Q", 5, 7, 0, 42, 0, 0, 1, 2, 3, 4, 5, 6)
        self.ioctl(side_effect=lambda fd, request, buffer: buffer.__setitem__(slice(None), question))
        self.assertEqual(seccomp.receive(LISTENER), seccomp.SystemCall(5, 7, 42, (1, 2, 3, 4, 5, 6)))

    def test_a_caller_that_has_ended_asks_nothing(self):
        for number in (errno.ENOENT, errno.EINTR):
            with mock.patch.object(seccomp.fcntl, "ioctl", side_effect=OSError(number, "")):
                self.assertIsNone(seccomp.receive(LISTENER))

    def test_other_errors_are_raised(self):
        self.ioctl(side_effect=OSError(errno.EBADF, ""))
        with self.assertRaises(OSError):
            seccomp.receive(LISTENER)
        with self.assertRaises(OSError):
            seccomp.let_through(LISTENER, self.call())

    def test_an_answer_lets_through_or_fails_with_an_error(self):
        ioctl = self.ioctl()
        seccomp.let_through(LISTENER, self.call())
        seccomp.refuse(LISTENER, self.call(), errno.EPERM)
        answers = [struct.unpack("=QqiI", call.args[2]) for call in ioctl.call_args_list]
        self.assertEqual(answers, [(5, 0, 0, 1), (5, 0, -errno.EPERM, 0)])

    def test_an_answer_is_sent_again_after_a_signal_and_not_to_a_caller_that_has_ended(self):
        ioctl = self.ioctl(side_effect=[InterruptedError(), OSError(errno.ENOENT, "")])
        seccomp.let_through(LISTENER, self.call())
        self.assertEqual(ioctl.call_count, 2)

    def test_a_caller_waits_as_long_as_its_question_is_valid(self):
        ioctl = self.ioctl()
        self.assertTrue(seccomp.is_waiting(LISTENER, self.call()))
        ioctl.side_effect = OSError(errno.ENOENT, "")
        self.assertFalse(seccomp.is_waiting(LISTENER, self.call()))

    def test_an_alarm_is_a_listen_that_no_program_makes(self):
        alarm = self.call(50, -1, seccomp._ALARM)
        self.assertTrue(seccomp.is_alarm("listen", alarm))
        self.assertFalse(seccomp.is_alarm("listen", self.call(50, 3, 128)))
        self.assertFalse(seccomp.is_alarm("connect", alarm))

    def test_an_unknown_machine_is_none(self):
        with mock.patch.object(seccomp.os, "uname", return_value=mock.Mock(machine="riscv64")):
            self.assertIsNone(seccomp.this_machine())
