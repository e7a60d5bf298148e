"""Recognizes the addresses of allowed host names, for programs that look names up themselves."""

from __future__ import annotations

from .._base import real
from .._base.addresses import packed_address
from .._policy import decision
from .._policy.decision import INET, UNIX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._base.records import Operation
    from .._policy.decision import Policy

_NAME_SERVICE = 53  # the port
_RESOLVER_SETTINGS = "/etc/resolv.conf"
_KEPT_SECONDS = 60.0
_V4_MAPPED = b"\0" * 10 + b"\xff\xff"

LOOK_UP_SERVICES = ("/run/nscd/", "/run/systemd/resolve/", "/var/lib/sss/pipes/")  # the C library asks them for names

_addresses: dict[str, tuple[float, frozenset[bytes | None]]] = {}  # by name: when they were looked up, and which


def forget_addresses() -> None:
    """Clear the cache of looked-up addresses."""
    _addresses.clear()


def host_names(policy: Policy) -> list[str]:
    """The entries of a policy's allowance that are host names."""
    hosts = [entry for entry in policy.allowance.hosts if "/" not in entry and not decision.names_function(entry)]
    return [entry for entry in hosts if packed_address(decision.split_host(entry)[0]) is None]


def are_allowed_for(policy: Policy, operation: Operation) -> bool:
    """Whether an operation reaches an address of an allowed name, or asks a name server for one."""
    entries = host_names(policy)
    if not entries or operation.family != INET:
        return False
    address = packed_address(operation.host)
    if operation.port == _NAME_SERVICE and address in _name_servers():
        return True
    for entry in entries:
        name, port = decision.split_host(entry)
        if port in (None, operation.port) and "*" not in name and address in _addresses_of(name):
            return True
    return False


def are_asked_by(operation: Operation, *, is_datagram: bool) -> bool:
    """Whether an operation looks up any name."""
    if operation.family == UNIX:
        return service_path(operation).startswith(LOOK_UP_SERVICES)
    if operation.family != INET:
        return False
    if operation.action == "bind":  # musl binds before it sends its query
        return is_datagram and operation.port == 0
    return operation.port == _NAME_SERVICE and packed_address(operation.host) in _name_servers()


def is_tried(host: str, address: str) -> bool:
    """Whether the C library probes an address of a name, to sort reachable addresses first."""
    return packed_address(host) is None and len(_addresses_of(host)) > 1 and stands_for(host, address)


def service_path(operation: Operation) -> str:
    """The path of a UNIX socket, with /run for /var/run."""
    return operation.host.removeprefix("/var") if operation.host.startswith("/var/run/") else operation.host


def stands_for(host: str, address: str) -> bool:
    """Whether a host, as a policy or a program names it, has an address."""
    wanted = packed_address("255.255.255.255" if host == "<broadcast>" else host)
    accepted = _addresses_of(host) if wanted is None else {wanted}
    return _plain(packed_address(address)) in map(_plain, accepted)


def _plain(packed: bytes | None) -> bytes:
    """An address in one form: IPv4 in either family is the same, and so is each way to write "any address"."""
    found = packed or b""
    return found.removeprefix(_V4_MAPPED) if any(found) else b""


def _name_servers() -> set[bytes | None]:
    try:
        with real.open_file(_RESOLVER_SETTINGS, encoding="utf-8", errors="replace") as file:
            lines = [line.split() for line in file]
    except OSError:
        return set()
    return {packed_address(words[1]) for words in lines if len(words) > 1 and words[0] == "nameserver"}


def _addresses_of(name: str) -> frozenset[bytes | None]:
    """The addresses of a name, looked up at most once a minute: the process whose call is judged waits meanwhile."""
    now = real.monotonic()
    if name not in _addresses or now - _addresses[name][0] > _KEPT_SECONDS:
        try:
            answers = real.socket_module().getaddrinfo(name, None)
        except OSError:
            answers = []
        _addresses[name] = now, frozenset(packed_address(str(answer[4][0])) for answer in answers)
    return _addresses[name][1]
