"""Decides whether a policy allows an operation."""

from __future__ import annotations

import fnmatch
from collections import namedtuple

from .._base import features
from .._base.addresses import Locality, is_loopback_name, is_within, locality, plain_address
from .._base.errors import ConfigurationError
from .._base.sizes import ANYWHERE, DATABASE, FILESYSTEM, LIMITS, NETWORK, NOWHERE, OPT_IN, PROCESS, SLEEP, STRICT, Size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._base.records import Operation

# What kind of address an operation on the network names.
INET = "inet"  # IPv4 or IPv6
UNIX = "unix"  # a path or an abstract name
KERNEL = "kernel"  # netlink and the crypto API: never leaves the kernel
OTHER = "other"  # raw packets, virtual machines, Bluetooth

LAST_PORT = 65535

_CODES = {NETWORK: "H001", FILESYSTEM: "H002", PROCESS: "H003", DATABASE: "H004", SLEEP: "H005"}


# Named tuples of the collections module: defining a dataclass takes ten times as long at every start.
class Allowance(  # the fields are what marks, blocks and files may allow
    namedtuple("Allowance", ("hosts", "processes", "files", "databases"), defaults=((), (), (), ()))  # noqa: PYI024
):
    """The exceptions that a mark, a block or a file allows.

    Attributes:
        hosts: ``name``, ``address``, ``network/bits``, each with or without ``:port`` (``[ipv6]:port``,
            ``[ipv6/bits]:port``), or, for a unix socket, its path; a name may hold ``*``. ``connect()`` stands for the
            C function of that name, fetched through ctypes.
        processes: names or full paths of programs; they may hold ``*``.
        files: paths of files and folders, from the current folder or full; they may hold ``*``, for slashes, too.
        databases: the same for databases, and ``:memory:``.
    """

    __slots__ = ()
    hosts: tuple[str, ...]
    processes: tuple[str, ...]
    files: tuple[str, ...]
    databases: tuple[str, ...]

    def __or__(self, other: Allowance) -> Allowance:
        return Allowance(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


NO_ALLOWANCE = Allowance()


class Policy(
    namedtuple("Policy", ("size", "allowance", "mode", "forbid"), defaults=(NO_ALLOWANCE, STRICT, ()))  # noqa: PYI024
):
    """What a test may do: its size, the exceptions, the enforcement mode, and the opt-in rules that apply."""

    __slots__ = ()
    size: Size
    allowance: Allowance
    mode: str
    forbid: tuple[str, ...]

    def allowing(self, allowance: Allowance) -> Policy:
        """Return the policy with further exceptions."""
        return Policy(self.size, self.allowance | allowance, self.mode, self.forbid)


def violation_code(operation: Operation) -> str:
    """Return the code of a refused operation, such as H001 for the network."""
    return _CODES[operation.kind]


def refuses(policy: Policy, operation: Operation) -> bool:
    """Whether a policy forbids an operation."""
    limits = LIMITS[policy.size]
    if operation.kind == PROCESS:
        return not (limits.processes or allows_process(policy.allowance, operation.command))
    if operation.kind in OPT_IN:
        return _refused_by_opt_in(policy, operation)
    if limits.network == ANYWHERE or operation.family == KERNEL:
        return False
    if allows_host(policy.allowance, operation):
        return False
    if limits.network == NOWHERE:
        return _refused_without_network(operation)
    return _refused_on_loopback(operation)


def _refused_by_opt_in(policy: Policy, operation: Operation) -> bool:
    if operation.kind not in policy.forbid or LIMITS[policy.size].opt_in:
        return False
    allowed = {FILESYSTEM: policy.allowance.files, DATABASE: policy.allowance.databases}.get(operation.kind, ())
    return not any(
        fnmatch.fnmatchcase(_in_one_case(path), _in_one_case(pattern))
        for pattern in allowed
        for path in (operation.target, operation.host)
    )


def _refused_without_network(operation: Operation) -> bool:
    if operation.action == "resolve":
        return locality(operation.host) is Locality.NAME or operation.api in _REVERSE_LOOKUPS
    if operation.action == "bind" and operation.family == INET:
        # Libraries bind [::1] once at import to learn whether there is IPv6 (urllib3, grpc). A bound stream
        # socket is of no use until it listens, and that is refused; a datagram socket would receive at once.
        return not (operation.stream and locality(operation.host) is Locality.LOOPBACK)
    return True


_NATIVE_SERVERS = frozenset({"bind()", "listen()"})  # these send nothing, whatever the address


def _refused_on_loopback(operation: Operation) -> bool:
    if operation.action == "native":
        return operation.host not in _NATIVE_SERVERS
    if operation.family == UNIX:
        return False
    if operation.family != INET:
        return True
    where = locality(operation.host)
    if where is Locality.NAME:
        return not is_loopback_name(operation.host)
    if operation.action == "resolve":
        return where is Locality.REMOTE and operation.api in _REVERSE_LOOKUPS
    return where is Locality.REMOTE


# Numeric addresses need no name server, except for the look-up of their names.
_REVERSE_LOOKUPS = frozenset({"socket.gethostbyaddr", "socket.getnameinfo"})


def allows_process(allowance: Allowance, command: str) -> bool:
    """Whether an allowance names a program, by its full path or its last component."""
    spellings = _spellings(command)
    return any(
        fnmatch.fnmatchcase(name, _in_one_case(pattern)) for pattern in allowance.processes for name in spellings
    )


def _spellings(command: str) -> list[str]:
    """What an allowance may call a program: its path and its last component; on Windows, with and without ``.exe``."""
    path = _in_one_case(command)
    names = [path, path.rpartition("/")[2]]
    if not features.WINDOWS:
        return names
    without = [name.removesuffix(".exe") for name in names]
    return [*without, *(f"{name}.exe" for name in without), *names]


def _in_one_case(name: str) -> str:
    """A path as it is compared: Windows has two separators, and distinguishes no case."""
    return name.lower().replace("\\", "/") if features.WINDOWS else name


def allows_host(allowance: Allowance, operation: Operation) -> bool:
    """Whether an allowance names the host that an operation aims at."""
    return any(_host_matches(entry, operation) for entry in allowance.hosts)


def _host_matches(entry: str, operation: Operation) -> bool:
    if operation.action == "native":
        return fnmatch.fnmatchcase(operation.host, entry)
    if operation.family == UNIX:
        return fnmatch.fnmatchcase(operation.host, entry.removeprefix("unix:"))
    if operation.family != INET:
        return False
    port = split_host(entry)[1]
    if operation.action != "resolve" and port is not None and port != operation.port:
        return False
    return names_host(entry, operation.host)


def names_function(entry: str) -> bool:
    """Whether an entry of an allowance names a C function."""
    return entry.endswith("()")


def names_host(entry: str, host: str) -> bool:
    """Whether an entry of an allowance names a host: addresses and networks by their value, names by pattern."""
    wanted = split_host(entry)[0]
    address = plain_address(wanted)
    if address is not None:
        return address == plain_address(host)
    if "/" in wanted:
        return is_within(host, wanted)
    return fnmatch.fnmatchcase(host.lower(), wanted.lower())


def split_host(entry: str) -> tuple[str, int | None]:
    """Split ``host``, ``host:port`` or ``[ipv6]:port`` into host and port; without a port, it is None.

    Raises:
        ConfigurationError: for a port that is not a number from 0 to 65535.
    """
    if entry.startswith("["):
        host, bracket, rest = entry[1:].partition("]")
        port_text = rest.removeprefix(":") if bracket and rest[:1] in ("", ":") else "?"
    elif entry.count(":") == 1 and not entry.startswith(("/", "unix:")):
        host, _, port_text = entry.partition(":")
    else:
        host, port_text = entry, ""
    if not host:
        raise ConfigurationError(f"{entry!r}: there is no host; write 'host', 'host:port' or '[ipv6]:port'")
    if port_text in ("", "*"):
        return host, None
    if not port_text.isascii() or not port_text.isdigit() or int(port_text) > LAST_PORT:
        message = f"{entry!r}: the port must be a number from 0 to 65535; write 'host', 'host:port' or '[ipv6]:port'"
        raise ConfigurationError(message)
    return host, int(port_text)


def join_host(host: str, port: int | None) -> str:
    """Join a host and a port, which may be None, as ``split_host`` splits them."""
    if port is None:
        return host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
