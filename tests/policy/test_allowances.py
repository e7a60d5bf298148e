"""Arguments of ``allow``: an entry that can never match is an error that says what to write."""

from __future__ import annotations

import os
import tempfile

import hermetic
from hermetic import ConfigurationError, allow


class AllowancesTest(hermetic.HermeticTestCase):
    def assert_refused(self, field, entries):
        """Each entry is refused by marks and by blocks, with a text that has the part given."""
        for entry, part in entries.items():
            for refuse in (allow, lambda **given: hermetic.guard("small", **given)):
                with self.subTest(entry=entry), self.assertRaises(ConfigurationError) as caught:
                    refuse(**{field: ["right", entry]})
                self.assertIn(f"{field}: {entry!r}: ", str(caught.exception))
                self.assertIn(part, str(caught.exception))

    def assert_taken(self, field, *entries):
        self.assertEqual(getattr(allow(**{field: entries}).allowance, field), entries)

    def test_urls_are_no_hosts(self):
        self.assert_refused("hosts", {
            "http://db.test/": "write 'db.test'", "http://db.test:80/x?y=/": "write 'db.test:80'",
            "postgresql://me:secret@db.test:5432/shop": "write 'db.test:5432'",
            "https://[::1]:443": "write '[::1]:443'",
        })  # fmt: skip

    def test_networks_are_taken_with_and_without_a_port(self):
        self.assert_taken(
            "hosts", "10.0.0.0/8", "10.0.0.0/8:5432", "10.0.0.0/8:*", "fd00::/8", "[fd00::/8]:5432", "[FD00::/8]",
            "127.0.0.1/32", "0.0.0.0/0", "::/0", "::ffff:10.0.0.0/104", "run/1/2", "./a/5", "unix:a.b/8",
        )  # fmt: skip

    def test_a_network_that_is_written_in_another_way_is_told_the_right_one(self):
        self.assert_refused("hosts", {
            "10.1.2.3/8": "write '10.0.0.0/8' for the network, or '10.1.2.3'",
            "10.1.2.3/8:54": "write '10.0.0.0/8:54' for the network, or '10.1.2.3:54'",
            "[fd00::1/8]:54": "write '[fd00::/8]:54' for the network, or '[fd00::1]:54'",
            "fd00::1/8": "write 'fd00::/8' for the network, or 'fd00::1'", "[fd00::1]:5/8": "'[fd00::/8]:5'",
            "10/8": "write '10.0.0.0/8'", "10.0/16": "write '10.0.0.0/16'", "10.0.0.0/255.0.0.0": "write '10.0.0.0/8'",
            "10.0.0.0:54/8": "write '10.0.0.0/8:54'", "010.0.0.0/8": "write '10.0.0.0/8'",
            "fd00::/8:54": "write '[fd00::/8]:54'", "[fd00::]/8": "write 'fd00::/8'",
            "[fd00::]/8:54": "write '[fd00::/8]:54'", "fe80::%eth0/10": "write 'fe80::/10'",
        })  # fmt: skip

    def test_what_is_no_network_is_told_of_networks(self):
        texts = "10.0.0.0/33", "fd00::/129", "db.test/24", "256.0.0.0/8", "10.*/8", "1.2.3.4.5/8"
        self.assert_refused("hosts", dict.fromkeys(texts, "write one such as '10.0.0.0/8' or 'fd00::/8'"))
        self.assert_refused("hosts", {"10.0.0.1-10.0.0.9": "a range of addresses; write each, or a network"})
        with self.assertRaisesRegex(ConfigurationError, "a number from 0 to 65535"):
            allow(hosts=["10.0.0.0/8:99999"])

    def test_other_texts_are_no_hosts(self):
        self.assert_refused("hosts", {
            "": "empty string", " ": "empty string", " db.test": "write 'db.test'", "a.test, b.test": "each host",
            "a.test b.test": "each host", "a.test,b.test": "each host", "db.test/": "more than a host",
            "me@db.test": "more than a host", "/run/db.sock:5432": "write '/run/db.sock'", "unix:": "no path",
            "unix:/run/db.sock:80": "write 'unix:/run/db.sock'", "256.0.0.1": "no IPv4 address",
            "1.2.3.4.5:80": "no IPv4 address", '"db.test"': "write db.test",
        })  # fmt: skip

    def test_hosts_addresses_and_sockets_are_taken(self):
        self.assert_taken(
            "hosts", "db.test", "db.test:5432", "db.test:*", "*.test", "*", "127.1", "10.0.0.*", "::1", "[::1]:80",
            "fe80::1%lo", "/run/db.sock", "unix:/run/my db.sock", "run/db.sock", "*/db.sock", "0x7f.1", "[::1]",
        )  # fmt: skip

    def test_commands_with_arguments_are_no_programs(self):
        self.assert_refused("processes", {
            "git status": "write the program alone, such as 'git'", "/usr/bin/git status": "such as '/usr/bin/git'",
            "git *": "such as 'git'", "sh -c ls": "such as 'sh'",
        })  # fmt: skip

    def test_other_texts_are_no_programs(self):
        self.assert_refused("processes", {
            "": "empty string", "\t": "empty string", "git ": "write 'git'", "https://git.test": "a URL",
            "/usr/bin/": "a folder", os.sep: "a folder", "~/bin/git": repr(os.path.expanduser("~/bin/git")),
            "'git'": "write git",
        })  # fmt: skip

    def test_programs_are_taken(self):
        self.assert_taken("processes", "git", "python*", "/usr/bin/git", "/opt/My Tools/run", "*", "./run.sh", "fork")
        with tempfile.NamedTemporaryFile(prefix="my program") as file:
            self.assert_taken("processes", file.name)

    def test_paths_that_no_file_has_are_no_files(self):
        self.assert_refused("files", {
            "": "empty string", "~/x": repr(os.path.expanduser("~/x")), "./notes.txt": "write 'notes.txt'",
            "../notes.txt": "write the full path", "tests/data/": "'tests/data/*' for what is in it",
            "https://x.test/y": "a URL", " x": "write 'x'",
        })  # fmt: skip

    def test_files_are_taken(self):
        self.assert_taken("files", "notes.txt", "tests/data/*", "/etc/hosts", "/", "my notes.txt", "*", "a:1")

    def test_urls_of_servers_are_no_databases(self):
        self.assert_refused("databases", {
            "postgresql://db.test/shop": "hosts=['name:port']", "sqlite:///shop.db": "the path of the file",
            "./shop.db": "write 'shop.db'", "": "empty string",
        })  # fmt: skip

    def test_databases_are_taken(self):
        self.assert_taken("databases", ":memory:", "shop.db", "*.db", "file:shop.db?mode=ro", "file:///tmp/shop.db")
