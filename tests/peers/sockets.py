"""The tests of pytest-socket."""

from __future__ import annotations

from . import Peer, Tests

_CONNECT = 'socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("127.0.0.1", 9))'
_CONFTEST = '''

import textwrap

import hermetic


@pytest.fixture
def socket_enabled():
    """Stands for the fixture of the plugin in tests that need none."""


def allowing(pytester, hosts):
    """Write settings that allow hosts to all tests."""
    settings = f"[tool:hermetic]\\ndefault_size = small\\n[tool:hermetic:allow:*]\\nhosts = {hosts}\\n"
    (pytester.path / "setup.cfg").write_text(settings)
    return ()


def make_settings(pytester, text):
    """Write settings where both pytest and hermetic read them."""
    (pytester.path / "setup.cfg").write_text(textwrap.dedent(text).replace("[pytest]", "[tool:pytest]"))


def violation():
    """Return a violation that was raised."""
    try:
        with hermetic.guard("small"):
            socket.create_connection(("127.0.0.1", 9))
    except hermetic.NetworkViolationError as error:
        return error


pytest.Pytester.allowing = allowing
pytest.Pytester.make_settings = make_settings
pytest.Pytester.violation = staticmethod(violation)
'''

PEER = Peer(
    name="pytest-socket",
    version="0.8.1",
    folder="tests",
    files=(
        "test_async.py",
        "test_combinations.py",
        "test_dns.py",
        "test_doctest.py",
        "test_precedence.py",
        "test_restrict_hosts.py",
        "test_socket.py",
    ),
    helpers=("__init__.py", "common.py", "conftest.py"),
    conftest=_CONFTEST,
    changes=(
        (r"(?s)from pytest_socket import \([^)]*\)\n", ""),
        (
            r'(?s)@pytest\.mark\.parametrize\(\s*"exc",\s*\[[^)]*\)[^)]*\),\s*\],\s*\)',
            '@pytest.mark.parametrize("exc", [pytest.Pytester.violation()])',
        ),
        # options
        ("--disable-socket(?!\\*)", "--hermetic-default-size=small"),
        ("--force-enable-socket", "--hermetic-mode=off"),
        (r'f?"--allow-hosts=\{([\w.]+)\}"', r"*pytester.allowing(\1)"),
        (r'"--allow-hosts=(?!ALLOWED)([^"]+)"', r'*pytester.allowing("\1")'),
        (r"pytester\.makeini\(", "pytester.make_settings("),
        (
            r"( +)addopts = .*--allow-hosts=(.*)",
            r"\1addopts = --hermetic-default-size=small\n\1[tool:hermetic:allow:*]\n\1hosts = \2",
        ),
        # marks
        (r"pytest\.mark\.disable_socket\b", "pytest.mark.small"),
        (r"pytest\.mark\.enable_socket\b", "pytest.mark.large"),
        (
            r"""( *)@pytest\.mark\.allow_hosts\(('[^'\[]*')\)""",
            r"\1@pytest.mark.small\n\1@pytest.mark.allow(hosts=[\2])",
        ),
        (r"""( *)@pytest\.mark\.allow_hosts\((\['.*?\])\)""", r"\1@pytest.mark.small\n\1@pytest.mark.allow(hosts=\2)"),
        (r"""'@pytest\.mark\.allow_hosts\((.*?)\)'""", r"""'@pytest.mark.small\\n    @pytest.mark.allow(hosts=\1)'"""),
        (r'hosts="\{mark_arg\}"', 'hosts="{mark_arg}".split(",")'),
        (
            r"(?m)^( +)def (test_\w+)\(((?:\w+, )*)socket_enabled\):",
            r"\1import hermetic\n\1@hermetic.large\n\1def \2(\3):",
        ),
        (
            r"(?m)^( +)def (test_\w+)\(((?:\w+, )*)socket_disabled\):",
            r"\1import hermetic\n\1@hermetic.small\n\1def \2(\3):",
        ),
        # verdicts and messages
        (r"(assert_outcomes\([^)]*)failed=", r"\1errors="),
        (r"\*Socket\*Blocked\*Error: A test tried to use socket\.\*", "*network violation: *"),
        (
            r"\*(Socket\w*Error: )?A test tried to use socket\.(getaddrinfo|gethostbyname)\.\*",
            r"*network violation: *looked up \"localhost\"*",
        ),
        (r'"\*A test tried to use socket\.socket\.\*"', '"*network violation: *"'),
        (r"import pytest_socket\b", "import hermetic"),
        (r"from pytest_socket import SocketBlockedError", "from hermetic import NetworkViolationError"),
        (r"pytest_socket\.", "hermetic."),
        (r'\*A test tried to use socket\.socket\.connect\(\) with host "\{host\}"\*', "*network violation: *{host}*"),
        (r"Socket(Connect)?BlockedError", "NetworkViolationError"),
        # what hermetic judges: not the socket, but what is done with it
        (r"(?m)^( +)socket\.socket\((socket\.AF_INET, socket\.SOCK_STREAM|family=.*|)\)$", rf"\1{_CONNECT}"),
        (
            r"(?m)^( +)socket\.socket\(socket\.AF_UNIX, socket\.SOCK_STREAM\)$",
            r'\1socket.socket(socket.AF_UNIX).bind("unix.sock")',
        ),
    ),
    differs=(
        Tests(
            "A violation that the test catches is still an error.",
            (
                "test_dns.py::test_dns_restored_by_teardown_without_enable",
                "test_restrict_hosts.py::test_blocked_connect_does_not_leak_socket",
                "test_socket.py::test_blocked_connect_emits_warning",
                "test_socket.py::test_blocked_socket_emits_warning",
            ),
            (
                (r"passed=1\)", 'errors=1)\n    assert "ResourceWarning" not in result.stdout.str()'),
                (r"passed=2\)", "passed=1, errors=1)"),
                (r"\*A test tried to use.*\*", "*network violation: *"),
                (r"\(socket_disabled\)", "()"),
            ),
        ),
        Tests(
            "A socket that exchanges nothing is allowed. The adapted tests send or connect.",
            (
                "test_precedence.py::test_disable_via_fixture",
                "test_precedence.py::test_disable_via_marker",
                "test_precedence.py::test_enable_marker_for_test_class",
                "test_precedence.py::test_enable_via_fixture",
                "test_precedence.py::test_enable_via_marker",
                "test_precedence.py::test_global_disable_via_cli_flag",
                "test_precedence.py::test_global_disable_via_config",
                "test_socket.py::test_disable_socket_marker",
                "test_socket.py::test_global_disable_via_cli_flag*",
                "test_socket.py::test_global_disable_via_config*",
                "test_socket.py::test_mix_and_match",
                "test_socket.py::test_socket_disabled_fixture_blocks_during_setup",
                "test_socket.py::test_socket_subclass_is_still_blocked",
                "test_socket.py::test_unix_domain_sockets_blocked_with_disable_socket",
            ),
            ((r"MySocket\(socket\.AF_INET, socket\.SOCK_STREAM\)", 'MySocket().connect(("127.0.0.1", 9))'),),
        ),
        Tests(
            "Unix sockets are allowed by their path, or all of them and localhost by `medium`.",
            (
                "test_async.py::test_httpx_fails",
                "test_combinations.py::test_combine_unix_and_allow_hosts",
                "test_restrict_hosts.py::test_allow_unix_socket_still_blocks_disallowed_hosts",
                "test_socket.py::test_disable_socket_marker_respects_allow_unix_socket",
                "test_socket.py::test_enabling_unix_domain_sockets_with_disable_socket",
            ),
            (
                (r'"--hermetic-default-size=small", "--allow-unix-socket"\)', '*pytester.allowing("unix.sock"))'),
                (r'"--allow-unix-socket"\)', '*pytester.allowing("unix.sock"))'),
                (r'"--allow-unix-socket",? ?', ""),
                (r"allowing\(httpserver\.host\)", 'allowing(httpserver.host + " /tmp/socket.sock")'),
            ),
        ),
        Tests(
            "asyncio needs no exception for Unix sockets.",
            ("test_async.py::test_starlette",),
            (
                (r"from pytest_socket import disable_socket\n", ""),
                (r"(?s)def pytest_runtest_setup\(\):\s*disable_socket\(\)", ""),
                (', "--allow-unix-socket"', ""),
            ),
        ),
        Tests(
            "Allowances add up: a mark doesn't take back what the settings allow.",
            ("test_restrict_hosts.py::test_mark_cli_conflict_mark_wins_connect_disabled",),
            (("False, mark_arg", "True, mark_arg"),),
        ),
        Tests(
            "The message proposes how to allow what was refused. It doesn't list what is allowed.",
            (
                "test_restrict_hosts.py::test_blocked_message_shows_ip_without_redundant_parenthetical",
                "test_restrict_hosts.py::test_cidr_appears_in_blocked_error_message",
                "test_restrict_hosts.py::test_single_cli_arg_connect_disabled_hostname_resolved",
            ),
            ((r"(?s)'\*(A test|allowed).*\*'", '"*@hermetic.allow(hosts=*"'),),
        ),
        Tests(
            "An allowed name allows the addresses that the test looks up by it, not the addresses themselves.",
            ("test_restrict_hosts.py::test_single_cli_arg_connect_enabled_localhost_resolved",),
        ),
        Tests(
            "A network with host bits, such as `127.0.0.1/8`, is an error of the test.",
            ("test_restrict_hosts.py::test_cidr_with_host_bits_set_is_parsed_leniently",),
        ),
        Tests(
            "No function switches the guard within a test. Use `hermetic.guard` or `hermetic.allow` blocks.",
            (
                "test_dns.py::test_enable_socket_restores_dns_within_test",
                "test_restrict_hosts.py::test_socket_allow_hosts_blocks_unix_by_default",
                "test_socket.py::test_disable_socket_blocks_unix_by_default",
                "test_socket.py::test_double_call_does_nothing",
                "test_socket.py::test_global_disable_via_fixture",
            ),
        ),
    ),
    left_out=(
        Tests(
            "the help text of the plugin's own options and marks",
            (
                "test_restrict_hosts.py::test_help_message",
                "test_restrict_hosts.py::test_marker_help_message",
                "test_socket.py::test_help_message",
            ),
        ),
        Tests(
            "the plugin's own functions",
            (
                "test_restrict_hosts.py::test_name_resolution_cached",
                "test_restrict_hosts.py::test_normalize_allowed_hosts*",
                "test_socket.py::test_host_from_address_non_string_returns_none",
                "test_socket.py::test_runtest_setup_skips_items_without_fixturenames",
            ),
        ),
        Tests(
            "the public internet, which the tests would need",
            (
                "test_combinations.py::test_parametrize_with_socket_enabled_and_allow_hosts",
                "test_socket.py::test_enabled_urllib_succeeds",
                "test_socket.py::test_urllib_succeeds_by_default",
            ),
        ),
    ),
    quick=("test_precedence.py::test_enable_*", "test_restrict_hosts.py::test_cidr_marker_*"),
)
