"""Names that a test is allowed to reach, for programs that look them up themselves."""

from __future__ import annotations

from .. import _policy, _real
from .._addresses import packed_address
from .._policy import INET

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._policy import Policy
    from .._records import Operation

_NAME_SERVICE = 53  # the port
_RESOLVER_SETTINGS = "/etc/resolv.conf"
_KEPT_SECONDS = 60.0

_addresses: dict[str, tuple[float, frozenset[bytes | None]]] = {}  # of each name, and when they were asked for


def of(policy: Policy) -> list[str]:
    """The entries of a policy's allowance that are names."""
    hosts = policy.allowance.hosts
    return [entry for entry in hosts if "/" not in entry and packed_address(_policy.split_host(entry)[0]) is None]


def are_allowed_for(policy: Policy, operation: Operation) -> bool:
    """Whether an operation reaches the address of a name that is allowed, or asks a name server for it."""
    entries = of(policy)
    if not entries or operation.family != INET:
        return False
    address = packed_address(operation.host)
    if operation.port == _NAME_SERVICE and address in _name_servers():
        return True
    for entry in entries:
        name, port = _policy.split_host(entry)
        if port in (None, operation.port) and "*" not in name and address in _addresses_of(name):
            return True
    return False


def _name_servers() -> set[bytes | None]:
    try:
        with _real.open_file(_RESOLVER_SETTINGS, encoding="utf-8", errors="replace") as file:
            lines = [line.split() for line in file]
    except OSError:
        return set()
    return {packed_address(words[1]) for words in lines if len(words) > 1 and words[0] == "nameserver"}


def _addresses_of(name: str) -> frozenset[bytes | None]:
    """The addresses of a name; it is asked for at most once a minute, as whoever asks is kept waiting."""
    now = _real.monotonic()
    if name not in _addresses or now - _addresses[name][0] > _KEPT_SECONDS:
        try:
            answers = _real.socket_module().getaddrinfo(name, None)
        except OSError:
            answers = []
        _addresses[name] = now, frozenset(packed_address(str(answer[4][0])) for answer in answers)
    return _addresses[name][1]
