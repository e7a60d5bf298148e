"""Addresses and host names: which of them are loopback, and what the hosts file says."""

from __future__ import annotations

import os

import hermetic
import support
from hermetic._base.addresses import (
    Locality,
    is_exact_network,
    is_loopback_name,
    is_within,
    locality,
    packed_address,
    parse_hosts,
)


class LocalityTest(hermetic.HermeticTestCase):
    def assert_all(self, expected: Locality, hosts: list[str]) -> None:
        for host in hosts:
            with self.subTest(host=host):
                self.assertIs(locality(host), expected)

    def test_all_of_127_slash_8_is_loopback(self):
        self.assert_all(Locality.LOOPBACK, ["127.0.0.0", "127.0.0.1", "127.9.8.7", "127.255.255.255"])

    def test_the_neighbours_of_127_slash_8_are_remote(self):
        self.assert_all(Locality.REMOTE, ["126.255.255.255", "128.0.0.0", "0.0.0.1", "10.127.0.0", "1.0.0.127"])

    def test_only_one_ipv6_address_is_loopback(self):
        self.assert_all(Locality.LOOPBACK, ["::1", "0:0:0:0:0:0:0:1", "0000::0001", "::0.0.0.1"])
        self.assert_all(Locality.REMOTE, ["::2", "1::", "1::1", "::1:0", "2001:db8::1"])

    def test_ipv4_mapped_addresses_count_as_the_ipv4_address(self):
        self.assert_all(Locality.LOOPBACK, ["::ffff:127.0.0.1", "::ffff:7f00:1", "::FFFF:127.255.0.9"])
        self.assert_all(Locality.UNSPECIFIED, ["::ffff:0.0.0.0", "::ffff:0:0"])
        self.assert_all(Locality.REMOTE, ["::ffff:128.0.0.1", "::ffff:203.0.113.7"])

    def test_other_ways_to_embed_127_0_0_1_in_ipv6_are_remote(self):
        self.assert_all(Locality.REMOTE, ["::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::ffff:0:127.0.0.1"])

    def test_link_local_addresses_are_remote_even_on_the_loopback_interface(self):
        self.assert_all(Locality.REMOTE, ["fe80::1", "fe80::1%lo", "fe80::1%1"])

    def test_private_and_multicast_addresses_are_remote(self):
        self.assert_all(Locality.REMOTE, ["10.0.0.1", "192.168.0.1", "169.254.0.1", "224.0.0.1", "255.255.255.255"])

    def test_broadcast_is_remote(self):
        self.assert_all(Locality.REMOTE, ["<broadcast>"])

    def test_the_wildcard_addresses_and_the_empty_host_are_unspecified(self):
        self.assert_all(Locality.UNSPECIFIED, ["", "0.0.0.0", "::", "0", "0x0", "0.0", "00.0x0.0.0", "0:0::0"])

    def test_numbers_are_read_as_inet_aton_reads_them(self):
        self.assert_all(
            Locality.LOOPBACK,
            [
                "127.1",
                "127.0.1",
                "127.65535",
                "127.16777215",
                "2130706433",
                "0177.0.0.1",
                "0x7f.1",
                "0X7F000001",
                "017700000001",
            ],
        )
        self.assert_all(Locality.REMOTE, ["3405803783", "1271", "0127.0.0.1", "128.1", "0xcb007107", "4294967295"])

    def test_a_text_that_only_begins_like_loopback_is_a_name(self):
        self.assert_all(
            Locality.NAME,
            [
                "127.0.0.1.example.com",
                "127.0.0.1.",
                "127.0.0.1.1",
                "127.0.0.256",
                "127.256.1",
                "127.0.65536",
                "127.0.0.08",
            ],
        )

    def test_what_is_no_number_of_c_is_a_name(self):
        self.assert_all(
            Locality.NAME,
            [
                "4294967296",
                "0x",
                "0x.1",
                "127.0.0.1 ",
                " 127.0.0.1",
                "127.0.0.+1",
                "127.0.0.1_0",
                "-1",
                "127..1",
                ".",
                "127.0.0.0b1",
            ],
        )

    def test_digits_outside_of_ascii_make_a_name(self):
        self.assert_all(Locality.NAME, ["\uff11\uff12\uff17.0.0.1", "127.0.0.\u0661", "127\u30020\u30020\u30021"])

    def test_malformed_ipv6_is_a_name_and_no_exception(self):
        self.assert_all(Locality.NAME, [":", ":::", "1::2::3", "::g", "[::1]", "12345::", "::1\0", "::127.0.0.256"])


class PackedAddressTest(hermetic.HermeticTestCase):
    def test_every_spelling_of_an_address_gives_the_same_bytes(self):
        for spelling in ("203.0.113.7", "203.0.28935", "0xcb.0.0x71.07", "3405803783"):
            with self.subTest(spelling=spelling):
                self.assertEqual(packed_address(spelling), b"\xcb\x00\x71\x07")

    def test_the_zone_of_an_ipv6_address_does_not_count(self):
        self.assertEqual(packed_address("fe80::1%eth0"), packed_address("fe80::1"))

    def test_ipv6_gives_16_bytes(self):
        self.assertEqual(packed_address("2001:db8::1"), bytes.fromhex("20010db8" + "0" * 23 + "1"))

    def test_a_name_has_no_bytes(self):
        self.assertIsNone(packed_address("localhost"))


class HostsFileTest(hermetic.HermeticTestCase):
    def test_names_are_found_with_all_their_addresses(self):
        found = parse_hosts("127.0.0.1 one two\n::1 one\n")
        self.assertEqual(found, {"one": ["127.0.0.1", "::1"], "two": ["127.0.0.1"]})

    def test_comments_and_empty_lines_are_skipped(self):
        self.assertEqual(parse_hosts("# 127.0.0.1 a\n\n  \n127.0.0.1 b # c\n127.0.0.2#d\n"), {"b": ["127.0.0.1"]})

    def test_tabs_and_upper_case_are_accepted(self):
        self.assertEqual(parse_hosts("127.0.0.1\tDB.Test\t db2\n"), {"db.test": ["127.0.0.1"], "db2": ["127.0.0.1"]})


class LoopbackNameTest(hermetic.HermeticTestCase):
    HOSTS = """
        127.0.0.1 localhost loop both Mixed
        ::1       loop6 both
        10.0.0.5  lan split
        127.0.0.1 split
        0.0.0.0   blocked
        """

    def is_loopback(self, name: str, hosts: str = HOSTS) -> bool:
        with support.Folder(hosts=hosts) as folder:
            return is_loopback_name(name, os.path.join(folder, "hosts"))

    def test_localhost_is_loopback_in_any_case(self):
        for name in ("localhost", "LOCALHOST", "LocalHost"):
            with self.subTest(name=name):
                self.assertTrue(self.is_loopback(name, hosts=""))

    def test_localhost_with_anything_around_it_is_not(self):
        for name in (
            "localhost.",
            "db.localhost",
            "localhost.localdomain",
            "ip6-localhost",
            " localhost",
            "notlocalhost",
        ):
            with self.subTest(name=name):
                self.assertFalse(self.is_loopback(name))

    def test_a_name_that_the_hosts_file_maps_to_loopback_alone_is_loopback(self):
        for name in ("loop", "loop6", "both", "LOOP", "mixed"):
            with self.subTest(name=name):
                self.assertTrue(self.is_loopback(name))

    def test_a_name_with_any_other_address_is_not(self):
        for name in ("lan", "split", "blocked"):
            with self.subTest(name=name):
                self.assertFalse(self.is_loopback(name))

    def test_an_unknown_name_is_not(self):
        self.assertFalse(self.is_loopback("example.com"))

    def test_without_a_hosts_file_only_localhost_is_loopback(self):
        self.assertFalse(is_loopback_name("loop", "/nonexistent/hosts"))
        self.assertTrue(is_loopback_name("localhost", "/nonexistent/hosts"))

    def test_a_hosts_file_that_changed_is_read_again(self):
        with support.Folder(hosts="127.0.0.1 other\n") as folder:
            path = os.path.join(folder, "hosts")
            self.assertFalse(is_loopback_name("later", path))
            support.write_files(folder, {"hosts": "127.0.0.1 later\n"})
            os.utime(path, (1, 1))
            self.assertTrue(is_loopback_name("later", path))

    def test_a_line_with_a_spelling_that_the_name_service_does_not_read_counts_for_nothing(self):
        # glibc reads the hosts file with inet_pton: it skips these lines and asks the name server.
        self.assertFalse(self.is_loopback("short", hosts="127.1 short\n"))


class NetworkTest(hermetic.HermeticTestCase):
    def test_an_address_is_within_a_network_by_its_leading_bits(self):
        for network, inside, outside in (
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"),
            ("203.0.113.4/30", "203.0.113.7", "203.0.113.8"),
            ("203.0.113.7/32", "::ffff:203.0.113.7", "203.0.113.6"),
            ("::ffff:10.0.0.0/104", "10.1.2.3", "::ffff:11.0.0.0"),
            ("fd00::/8", "fdff::1%lo", "fe00::"),
            ("0.0.0.0/0", "255.255.255.255", "::1"),
            ("::/0", "::1", "127.0.0.1"),
            ("10.0.0.0/8", "0x0a.1", "10.test"),
        ):
            with self.subTest(network=network):
                self.assertEqual((is_within(inside, network), is_within(outside, network)), (True, False))

    def test_other_texts_are_no_networks(self):
        for text in ("10.0.0.0", "10.0.0.0/33", "10/8", "010.0.0.0/8", "fd00::/129", "fe80::%lo/64", "a/8", "::/x"):
            with self.subTest(text=text):
                self.assertIs(is_exact_network(text), False)
                self.assertIs(is_within("10.0.0.0", text), False)

    def test_a_network_with_bits_behind_its_prefix_is_not_exact(self):
        self.assertEqual([is_exact_network(text) for text in ("10.1.0.0/8", "10.0.0.0/8", "fd00::1/8")], [0, 1, 0])
