"""Properties of addresses, allowances, and settings that hold for every input."""

from __future__ import annotations

import ipaddress
import os
import tempfile

import hermetic
from hermetic import ConfigurationError
from hermetic._base.addresses import Locality, locality, packed_address, parse_hosts
from hermetic._policy.decision import join_host, names_host, split_host
from hermetic._settings import config, table
from hermetic._settings.values import Settings
from support.properties import given, st

PORTS = st.none() | st.integers(0, 65535)
LABELS = st.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
NAMES = st.lists(LABELS, min_size=1, max_size=4).map(".".join)
V4 = st.ip_addresses(v=4) | st.ip_addresses(v=4, network="127.0.0.0/8") | st.ip_addresses(v=4, network="0.0.0.0/31")
V6 = st.ip_addresses(v=6) | st.ip_addresses(v=6, network="::/112") | st.ip_addresses(v=6, network="::ffff:0:0/96")
MAPPED_LOOPBACK = st.ip_addresses(v=6, network="::ffff:127.0.0.0/104")
ADDRESSES = V4 | V6 | MAPPED_LOOPBACK


def expected_locality(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> Locality:
    """The rule, in terms of the ipaddress module; the outer address of a mapped one does not count."""
    inner = getattr(address, "ipv4_mapped", None) or address
    if inner == type(inner)(0):
        return Locality.UNSPECIFIED
    networks = [ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")]
    return Locality.LOOPBACK if any(inner in network for network in networks) else Locality.REMOTE


def inet_aton_spellings(value: int) -> st.SearchStrategy[str]:
    """Texts that inet_aton(3) reads as an IPv4 address, in one to four parts, each decimal, octal or hexadecimal."""
    packed = value.to_bytes(4, "big")
    parts = [[*packed[:count], int.from_bytes(packed[count:], "big")] for count in range(4)]
    notations = st.sampled_from(["{:d}", "0{:o}", "0x{:x}", "0X{:X}", "0x000{:x}"])
    return st.sampled_from(parts).flatmap(
        lambda numbers: st.tuples(*[notations.map(lambda n, v=v: n.format(v)) for v in numbers]).map(".".join)
    )


class AddressPropertiesTest(hermetic.HermeticTestCase):
    @given(ADDRESSES)
    def test_every_address_is_classified_by_its_value(self, address):
        self.assertIs(locality(str(address)), expected_locality(address))

    @given(V6 | MAPPED_LOOPBACK)
    def test_the_long_form_of_an_ipv6_address_is_the_same_address(self, address):
        self.assertEqual(packed_address(address.exploded.upper()), address.packed)

    @given(st.integers(0, 2**32 - 1).flatmap(lambda value: st.tuples(st.just(value), inet_aton_spellings(value))))
    def test_every_spelling_of_inet_aton_is_read_as_its_value(self, case):
        value, text = case
        self.assertEqual(packed_address(text), value.to_bytes(4, "big"))

    @given(
        V4,
        st.text(st.characters(exclude_characters="0123456789abcdefABCDEFxX:"), min_size=1).filter(
            lambda text: text.strip(".")
        ),
    )
    def test_text_behind_an_address_makes_it_a_name(self, address, rest):
        self.assertIs(locality(f"{address}{rest}"), Locality.NAME)

    @given(NAMES)
    def test_a_name_is_a_name(self, name):
        self.assertIs(locality(name), Locality.NAME)

    @given(st.text())
    def test_no_text_is_too_strange(self, text):
        self.assertIn(locality(text), Locality)

    @given(st.text())
    def test_what_is_local_is_an_address_and_no_name(self, text):
        if locality(text) in (Locality.LOOPBACK, Locality.UNSPECIFIED):
            self.assertIn(len(packed_address(text)), (4, 16))


class HostsFilePropertiesTest(hermetic.HermeticTestCase):
    @given(st.text())
    def test_no_hosts_file_is_too_strange(self, text):
        for name, addresses in parse_hosts(text).items():
            self.assertEqual((name, name.split()), (name.lower(), [name]))
            self.assertTrue(addresses)

    @given(st.lists(st.tuples(ADDRESSES.map(str), st.lists(NAMES, min_size=1, max_size=3))))
    def test_every_pair_that_was_written_is_found(self, lines):
        found = parse_hosts("\n".join(f"{address}\t{' '.join(names)} # comment" for address, names in lines))
        for address, names in lines:
            for name in names:
                self.assertIn(address, found[name])


class EntryPropertiesTest(hermetic.HermeticTestCase):
    @given(NAMES | ADDRESSES.map(str), PORTS)
    def test_an_entry_that_was_joined_is_split_into_the_same(self, host, port):
        self.assertEqual(split_host(join_host(host, port)), (host, port))

    @given(NAMES | ADDRESSES.map(str), PORTS)
    def test_an_entry_names_the_host_that_it_was_made_of(self, host, port):
        self.assertTrue(names_host(join_host(host, port), host))

    @given(ADDRESSES, ADDRESSES)
    def test_an_address_names_exactly_the_addresses_of_its_value(self, one, other):
        values = [getattr(address, "ipv4_mapped", None) or address for address in (one, other)]
        self.assertEqual(names_host(str(one), str(other)), values[0] == values[1])

    @given(NAMES, st.integers(65536) | st.integers(max_value=-1))
    def test_no_other_number_is_a_port(self, host, port):
        with self.assertRaises(ConfigurationError):
            split_host(f"{host}:{port}")

    @given(st.text())
    def test_every_text_is_an_entry_or_a_configuration_error(self, text):
        try:
            _, port = split_host(text)
        except ConfigurationError:
            return
        self.assertTrue(port is None or 0 <= port <= 65535)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


class SettingsPropertiesTest(hermetic.HermeticTestCase):
    def load(self, text):
        """The settings of a setup.cfg, or the error that says what is wrong with it."""
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "setup.cfg"), "w", encoding="utf-8", newline="") as file:
                file.write(text)
            try:
                return config.load(folder=folder)
            except ConfigurationError as error:
                return error

    @given(st.sampled_from([*table.SETTINGS]), ANYTHING)
    def test_a_value_of_any_kind_is_read_or_refused(self, name, value):
        parsed = table.SETTINGS[name].kind.parse(value)
        if parsed is not None:  # what is accepted is shown, and read again as the same
            self.assertEqual(table.SETTINGS[name].kind.parse(parsed), parsed)

    @given(st.sampled_from([*table.SETTINGS, "allow", "baseline"]), st.text(st.characters(codec="utf-8")))
    def test_a_text_in_a_file_is_a_setting_or_an_error_that_names_the_file(self, name, text):
        found = self.load(f"[tool:hermetic]\n{name} = {text}\n")
        if isinstance(found, ConfigurationError):
            self.assertIn("setup.cfg", str(found))

    @given(st.text(st.characters(codec="utf-8")))
    def test_no_file_is_too_strange(self, text):
        found = self.load(text)
        self.assertIsInstance(found, (Settings, ConfigurationError))
