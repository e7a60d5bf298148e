"""The messages of violations."""

from __future__ import annotations

import os
import re
from unittest import mock

import hermetic
import support
from hermetic._base import features
from hermetic._base.records import CallSite, Operation, Violation
from hermetic._base.sizes import NETWORK, PROCESS
from hermetic._operations import events, lasting
from hermetic._policy import messages
from hermetic._policy.decision import INET, OTHER, UNIX
from hermetic._policy.messages import headline, summary_lines, violation_text

SITE = CallSite("myapp/git.py", 12, "version", "myapp.git", "subprocess.run(['git'])", "myapp.git.subprocess.run")
GIT = Operation(
    PROCESS, "start", "git --version", "subprocess.Popen", command="/usr/bin/git", script='["git", "--version"]'
)
WEB = Operation(NETWORK, "connect", "203.0.113.7:443", "socket.socket.connect", INET, "203.0.113.7", 443)
LOCAL = Operation(NETWORK, "connect", "127.0.0.1:80", "socket.socket.connect", INET, "127.0.0.1", 80)
SERVER = Operation(NETWORK, "listen", "127.0.0.1:80", "socket.socket.listen", INET, "127.0.0.1", 80)
MESSAGES_PAGE = os.path.join(support.ROOT, "docs", "reference", "messages.md")


def violation(
    operation: Operation = GIT, *, size: str = "small", test: str = "tests.T.test_x", site: CallSite = SITE
) -> Violation:
    """A violation that nobody committed."""
    return Violation("H003" if operation.kind == PROCESS else "H001", size, test, operation, site)


def anchors(markdown: str) -> set[str]:
    """The anchors of a page's second-level headings, as the hosting sites make them."""
    headings = re.findall(r"^## +(.+?) *$", markdown, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


class HeadlineTest(hermetic.HermeticTestCase):
    def test_the_first_line_says_code_what_test_and_target(self):
        self.assertEqual(
            headline(violation()), '[H003] subprocess violation: small test tests.T.test_x started "git --version"'
        )
        self.assertEqual(
            headline(violation(WEB, size="medium")),
            "[H001] network violation: medium test tests.T.test_x connected to 203.0.113.7:443",
        )

    def test_the_whole_text_begins_with_it(self):
        self.assertEqual(violation_text(violation()).splitlines()[0], headline(violation()))

    def test_a_look_up_puts_the_name_in_quotes(self):
        self.assertTrue(
            headline(violation(events.resolve_operation("socket.getaddrinfo", "db.test"))).endswith(
                'looked up "db.test"'
            )
        )

    def test_every_action_that_the_readers_produce_has_words(self):
        operations = [
            Operation(NETWORK, action, "x", "")
            for action in ("connect", "bind", "sendto", "sendmsg", "listen", "resolve", "native")
        ]
        operations += [
            Operation(PROCESS, action, "x", "") for action in ("start", "fork", "exec", "interpreter", "native")
        ]
        for operation in operations:
            with self.subTest(action=operation.action):
                self.assertRegex(headline(violation(operation)), r"test_x \w+.* \"?x\"?$")


class TextTest(hermetic.HermeticTestCase):
    def test_the_second_line_is_the_place_with_its_source(self):
        self.assertEqual(
            violation_text(violation()).splitlines()[1], "  at myapp/git.py:12 in version: subprocess.run(['git'])"
        )

    def test_a_place_that_is_not_known_is_left_out(self):
        text = violation_text(violation(site=CallSite("", 0, "", "", "", "")))
        self.assertNotIn("  at ", text)
        self.assertNotIn("mock.patch", text)

    def test_a_place_without_source_ends_with_the_function(self):
        site = CallSite("<string>", 1, "f", "m", "", "")
        self.assertEqual(violation_text(violation(site=site)).splitlines()[1], "  at <string>:1 in f")

    def test_a_target_of_several_lines_stays_on_one(self):
        several = GIT._replace(target="sh -c 'a\nb\x1b'")
        self.assertTrue(headline(violation(several)).endswith("started \"sh -c 'a\\nb\\x1b'\""))
        self.assertEqual(len(summary_lines([violation(several)], "violations")), 2)

    def test_repetitions_are_counted_in_the_first_line(self):
        self.assertTrue(violation_text(violation(), repeated=2).splitlines()[0].endswith("(2 more times)"))

    def test_the_last_line_is_the_command_that_explains_the_code(self):
        for operation, code in ((GIT, "H003"), (WEB, "H001")):
            with self.subTest(code=code):
                last = violation_text(violation(operation)).splitlines()[-1]
                self.assertEqual(last, f"  explain: python -m hermetic --explain {code}")


class RuleTest(hermetic.HermeticTestCase):
    def test_the_text_names_the_rule_that_was_broken(self):
        self.assertIn("small tests run in one process.", violation_text(violation()))
        self.assertIn("small tests use no network.", violation_text(violation(WEB)))
        self.assertIn("medium tests reach localhost only.", violation_text(violation(WEB, size="medium")))


class AdviceTest(hermetic.HermeticTestCase):
    def advice(self, operation: Operation, **fields: object) -> list[str]:
        operation = lasting.proposing(operation, self)
        lines = violation_text(violation(operation, **fields)).splitlines()  # type: ignore[arg-type]
        return [line.removeprefix("    - ") for line in lines if line.startswith("    - ")]

    def assert_advises(self, operation: Operation, part: str, **fields: object) -> None:
        advice = self.advice(operation, **fields)
        self.assertTrue(any(part in line for line in advice), f"{part!r} is not in {advice}")

    def test_what_to_patch_is_named_as_the_caller_sees_it(self):
        for operation in (GIT, WEB):
            self.assert_advises(operation, 'mock.patch("myapp.git.subprocess.run")')

    def test_the_command_can_be_scripted_by_the_line_that_is_given(self):
        self.assert_advises(GIT, 'script the command:   self.subprocess.mock_run(["git", "--version"], stdout="...")')

    def test_what_the_double_does_not_answer_is_not_to_be_scripted(self):
        self.assertNotIn("mock_run", " ".join(self.advice(Operation(PROCESS, "fork", "fork", "os.fork"))))

    def test_the_allowance_of_a_program_is_its_name_alone(self):
        self.assert_advises(GIT, "@hermetic.allow(processes=['git'])")

    def test_a_fork_offers_no_program_to_be_allowed(self):
        self.assertNotIn("allow(", " ".join(self.advice(Operation(PROCESS, "fork", "fork", "os.fork"))))

    def test_the_allowance_of_a_host_names_the_port(self):
        self.assert_advises(WEB, "@hermetic.allow(hosts=['203.0.113.7:443'])")

    def test_the_allowance_of_an_ipv6_host_is_one_that_is_accepted(self):
        operation = Operation(NETWORK, "connect", "", "", INET, "2001:db8::1", 443)
        self.assert_advises(operation, "@hermetic.allow(hosts=['[2001:db8::1]:443'])")

    def test_the_allowance_of_a_unix_socket_is_its_path(self):
        self.assert_advises(
            Operation(NETWORK, "connect", "", "", UNIX, "/run/db.sock"), "allow(hosts=['/run/db.sock'])"
        )

    def test_a_server_is_told_of_socketpair_and_a_client_of_answers_in_memory(self):
        self.assert_advises(SERVER, "socketpair")
        self.assert_advises(WEB, "in memory")

    def test_a_small_test_is_sent_to_medium_for_localhost_and_to_large_for_the_rest(self):
        self.assert_advises(LOCAL, "@medium")
        self.assert_advises(WEB, "@large")

    def test_a_medium_test_is_sent_to_large(self):
        self.assert_advises(WEB, "@large", size="medium")
        self.assertNotIn("@medium", " ".join(self.advice(WEB, size="medium")))

    def test_a_process_is_sent_to_medium(self):
        self.assert_advises(GIT, "@medium")

    def test_a_native_function_is_to_be_wrapped(self):
        for kind, larger in ((NETWORK, "@large"), (PROCESS, "@medium")):
            operation = Operation(kind, "native", "connect() of a C library", "ctypes", OTHER)
            self.assert_advises(operation, "a function of your own")
            self.assert_advises(operation, larger)

    def test_a_native_function_in_a_medium_test_is_allowed_by_name_or_left_to_the_kernel(self):
        operation = Operation(NETWORK, "native", "connect() of a C library", "ctypes", OTHER, "connect()")
        with mock.patch.object(features, "WINDOWS", new=False):
            for advice in ("hosts=['connect()']", "--sandbox kernel", "@large"):
                self.assert_advises(operation, advice, size="medium")
        self.assertNotIn("--sandbox", " ".join(self.advice(operation)))
        with mock.patch.object(features, "WINDOWS", new=True):
            self.assertNotIn("--sandbox", " ".join(self.advice(operation, size="medium")))


class SummaryTest(hermetic.HermeticTestCase):
    def test_nothing_gives_no_lines(self):
        self.assertEqual(summary_lines([], "violations"), [])

    def test_codes_come_in_order_with_violations_and_tests_counted(self):
        lines = summary_lines(
            [violation(GIT, test="a"), violation(WEB, test="a"), violation(GIT, test="b")], "violations"
        )
        heads = [line for line in lines if not line.startswith(" ")]
        self.assertEqual(heads, ["violations: H001 network: 1 in 1 test", "violations: H003 subprocess: 2 in 2 tests"])

    def test_each_line_names_test_deed_and_place(self):
        line = summary_lines([violation()], "warnings")[1]
        self.assertEqual(line, '  tests.T.test_x started "git --version" (myapp/git.py:12)')

    def test_the_same_at_the_same_place_is_listed_once_with_a_count(self):
        lines = summary_lines([violation()] * 3, "violations")
        self.assertEqual(len(lines), 2)
        self.assertTrue(lines[1].endswith(", 3 times"))

    def test_changes_of_a_kind_are_summed(self):
        changes = [f"environment variable added: V{number}" for number in range(7)]
        text = messages.summed_changes(["sys.stdout changed", *changes, "umask changed: 1 -> 2"])
        self.assertEqual(
            text,
            "sys.stdout changed; environment variable added: V0, V1, V2, V3, V4 and 2 more; umask changed: 1 -> 2",
        )


class DocumentationTest(hermetic.HermeticTestCase):
    def test_every_code_has_its_section(self):
        with open(MESSAGES_PAGE, encoding="utf-8") as file:
            sections = anchors(file.read())
        for code in messages._TITLES:
            with self.subTest(code=code):
                self.assertIn(code.lower(), sections)
