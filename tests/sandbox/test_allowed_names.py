"""Host names that a test may reach: their addresses, and the name services."""

from __future__ import annotations

from unittest import mock

from hermetic import HermeticTestCase
from hermetic._base import features
from hermetic._base.records import Operation
from hermetic._base.sizes import Size
from hermetic._policy.decision import Allowance, Policy
from support import linux_only

if features.LINUX:
    from hermetic._sandbox import allowed_names

SERVER, NAMED, OTHER = "192.0.2.1", "203.0.113.7", "203.0.113.8"


def packed(*addresses: str) -> frozenset[bytes]:
    return frozenset(bytes(map(int, address.split("."))) for address in addresses)


def policy(*hosts: str) -> Policy:
    return Policy(Size.SMALL, Allowance(hosts=hosts))


def to(host: str, port: int | None, action: str = "connect", family: str = "inet") -> Operation:
    return Operation("network", action, "", "", family, host, port)


@linux_only("a kernel sandbox")
class AllowedNamesTest(HermeticTestCase):
    def setUp(self):
        for name, found in (("_addresses_of", packed(NAMED)), ("_name_servers", {*packed(SERVER)})):
            patch = mock.patch.object(allowed_names, name, return_value=found)
            patch.start()
            self.addCleanup(patch.stop)

    def test_names_are_the_entries_that_are_no_addresses_sockets_or_functions(self):
        hosts = ("db.test:5432", "127.0.0.1", "[::1]:80", "/run/db.sock", "*.test")
        self.assertEqual(allowed_names.host_names(policy(*hosts)), ["db.test:5432", "*.test"])

    def test_the_address_of_a_name_is_reached_through_its_port_alone(self):
        answers = [allowed_names.are_allowed_for(policy("db.test:5432"), to(NAMED, port)) for port in (5432, 80)]
        self.assertEqual(answers, [True, False])
        self.assertTrue(allowed_names.are_allowed_for(policy("db.test"), to(NAMED, 80)))

    def test_other_addresses_are_not_reached(self):
        self.assertFalse(allowed_names.are_allowed_for(policy("db.test"), to(OTHER, 80)))

    def test_the_name_server_may_be_asked_where_a_name_is_allowed(self):
        answers = [
            allowed_names.are_allowed_for(policy(*hosts), to(SERVER, 53)) for hosts in (["db.test"], [OTHER], [])
        ]
        self.assertEqual(answers, [True, False, False])

    def test_questions_for_names_are_known_by_where_they_go(self):
        questions = {
            to(SERVER, 53): True,
            to(SERVER, 80): False,
            to(OTHER, 53): False,
            to("/var/run/nscd/socket", None, family="unix"): True,
            to("/run/db.sock", None, family="unix"): False,
            to("0.0.0.0", 0, "bind"): True,
            to("0.0.0.0", 80, "bind"): False,
        }
        for operation, answer in questions.items():
            with self.subTest(operation=operation):
                self.assertEqual(allowed_names.are_asked_by(operation, is_datagram=True), answer)
        self.assertFalse(allowed_names.are_asked_by(to("0.0.0.0", 0, "bind"), is_datagram=False))

    def test_a_host_stands_for_its_address_in_every_spelling(self):
        for host, address in {"0x7f.1": "127.0.0.1", "::ffff:127.0.0.1": "127.0.0.1", "db.test": NAMED}.items():
            with self.subTest(host=host):
                self.assertTrue(allowed_names.stands_for(host, address))
        self.assertFalse(allowed_names.stands_for("127.0.0.1", "127.0.0.2"))


@linux_only("a kernel sandbox")
class AddressesTest(HermeticTestCase):
    def test_a_name_is_asked_for_once_a_minute(self):
        module = mock.Mock(**{"getaddrinfo.return_value": [(0, 0, 0, "", (NAMED, 0))]})
        now = [1000.0]
        with (
            mock.patch.object(allowed_names.real, "socket_module", return_value=module),
            mock.patch.object(allowed_names.real, "monotonic", side_effect=lambda: now[0]),
            mock.patch.dict(allowed_names._addresses, clear=True),
        ):
            for seconds in (0.0, 59.0, 2.0):
                now[0] += seconds
                self.assertEqual(allowed_names._addresses_of("db.test"), packed(NAMED))
        self.assertEqual(module.getaddrinfo.call_count, 2)
