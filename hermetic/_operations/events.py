"""Reads audit events of the network and of processes as operations.

https://docs.python.org/3/library/audit_events.html lists the events. ``_patches`` replaces the functions that raise
none: ``listen``, names inside ``connect``, ``fork_exec`` before 3.14, sub-interpreters on 3.13.
"""

from __future__ import annotations

import itertools
import os
import re

from .._base import features, real
from .._base.command import quoted, words_of
from .._base.records import Operation
from .._base.sizes import NETWORK, PROCESS
from .._policy.decision import INET, KERNEL, OTHER, UNIX, join_host
from .._policy.messages import as_source
from . import lasting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_TARGET_MAX_CHARACTERS = 200
_SCRIPT_MAX_CHARACTERS = 500

_SHELL_ARGUMENTS = 3  # where Popen runs one string with a shell

# C functions whose effects the guard cannot see when they are fetched through ctypes. The list decides the code: H001
# for the network, H003 for processes; syscall() can do both. C libraries have aliases for many of them, which begin
# with underscores and "libc_".
_NATIVE_NETWORK = frozenset(
    "connect connectx sendto sendmsg sendmmsg listen bind getaddrinfo getaddrinfo_a getnameinfo gethostbyname"
    " gethostbyname_r gethostbyname2 gethostbyname2_r gethostbyaddr gethostbyaddr_r res_query res_querydomain"
    " res_search res_send res_nquery res_nquerydomain res_nsearch res_nsend res_context_query res_context_search"
    " res_context_send res_init syscall dlsym dlvsym io_uring_setup io_uring_queue_init curl_easy_perform"
    " curl_multi_perform"
    " WSAConnect WSAConnectByNameA WSAConnectByNameW WSAConnectByList WSASendTo WSASend WSASendMsg GetAddrInfoW"
    " GetAddrInfoExA GetAddrInfoExW DnsQuery_A DnsQuery_W DnsQuery_UTF8 InternetConnectA InternetConnectW"
    " InternetOpenUrlA InternetOpenUrlW WinHttpConnect URLDownloadToFileA URLDownloadToFileW GetProcAddress".split()
)
# How the C functions exec... and spawn... take the arguments: listed or as a vector, with PATH, with an environment.
_ARGUMENT_FORMS = "l le lp lpe v ve vp vpe".split()
_NATIVE_PROCESS = frozenset(
    "system wsystem popen wpopen IO_popen IO_proc_open fork vfork Fork clone clone3 forkpty daemon posix_spawn"
    " posix_spawnp execveat fexecve wordexp CreateProcessA CreateProcessW CreateProcessAsUserA CreateProcessAsUserW"
    " CreateProcessWithLogonW CreateProcessWithTokenW NtCreateUserProcess RtlCreateUserProcess ShellExecuteA"
    " ShellExecuteW ShellExecuteExA ShellExecuteExW WinExec".split()
) | {f"{verb}{form}" for verb in ("exec", "wexec", "spawn", "wspawn") for form in _ARGUMENT_FORMS}


def socket_operation(action: str, sock: Any, address: Any, *, stream: bool = False) -> Operation:
    """Describe an operation on the peer or own address of a socket."""
    _socket = real.socket_module()
    api = f"socket.socket.{action}"
    family = sock.family
    if family in (_socket.AF_INET, _socket.AF_INET6):
        return inet_operation(action, address, stream=stream)
    if family == getattr(_socket, "AF_UNIX", None):
        path = argument_text(address)
        return Operation(NETWORK, action, "unix:" + path.replace("\0", "@"), api, UNIX, path)
    kernel_only = family in (getattr(_socket, "AF_NETLINK", None), getattr(_socket, "AF_ALG", None))
    return Operation(NETWORK, action, f"{family!s} {address!r}", api, KERNEL if kernel_only else OTHER)


def inet_operation(action: str, address: Any, *, stream: bool = False) -> Operation:
    """Describe an operation of a socket on an IPv4 or IPv6 address."""
    host, port = _host_and_port(address)
    target = join_host(host or "0.0.0.0", port)  # noqa: S104 - what an empty host stands for
    return Operation(NETWORK, action, target, f"socket.socket.{action}", INET, host, port, stream)


def resolve_operation(api: str, host: Any) -> Operation:
    """Describe the look-up of a name, or of the name of an address."""
    text = argument_text(host)
    return Operation(NETWORK, "resolve", text, api, INET, text)


def listen_operation(sock: Any) -> Operation:
    """Describe the ``listen`` call of a bound socket."""
    try:
        bound = sock.getsockname()
    except OSError:  # Windows, for a socket that is not bound
        bound = ()
    if not bound:  # or an AF_UNIX socket without a name
        everywhere = "::" if sock.family == real.socket_module().AF_INET6 else "0.0.0.0"  # noqa: S104
        bound = "" if isinstance(bound, (str, bytes)) else (everywhere, 0)
    operation = socket_operation("listen", sock, bound, stream=True)
    lasting.note_listening(sock, operation.port)
    return operation


def new_socket_operation(_sock: Any, family: int, kind: int, protocol: int) -> Operation | None:
    """Describe a new socket that receives without ``bind``: raw sockets, and packets of a protocol; else None."""
    _socket = real.socket_module()
    api = "socket.socket"
    if family == getattr(_socket, "AF_PACKET", None) and protocol > 0:
        return Operation(NETWORK, "bind", "every interface, for packets (AF_PACKET)", api, OTHER)
    if family in (_socket.AF_INET, _socket.AF_INET6) and kind & _KIND_BITS == _socket.SOCK_RAW:
        return Operation(NETWORK, "bind", "every interface, for raw packets (SOCK_RAW)", api, INET)
    return None


_KIND_BITS = 0xF  # the kind in the second argument of socket(2); the other bits are flags


def multicast_operation(group: str, *, is_loopback: bool) -> Operation:
    """Describe a multicast group that a socket is about to join."""
    target = f"{group} on the loopback interface" if is_loopback else group
    host = ("::1" if ":" in group else "127.0.0.1") if is_loopback else group
    return Operation(NETWORK, "join", target, "socket.socket.setsockopt", INET, host)


def process_operation(api: str, action: str, command: Any, argv: Any = None, scripted: Any = None) -> Operation:
    """Describe the start of a process, or the replacement of this one.

    Args:
        action: ``start``, ``fork``, ``exec``, ``interpreter`` or ``native``.
        argv: its arguments, the program first, or its command line.
        scripted: its arguments or command line, if the double of subprocess could answer the call.
    """
    target = _command_line(argv) if argv is not None else argument_text(command)
    return Operation(PROCESS, action, target or action, api, command=argument_text(command), script=_script(scripted))


def _connect(sock: Any, address: Any) -> Operation:
    return socket_operation("connect", sock, address)


def _bind(sock: Any, address: Any) -> Operation:
    _socket = real.socket_module()
    operation = socket_operation("bind", sock, address, stream=sock.type == _socket.SOCK_STREAM)
    lasting.note_bound(sock, operation.port)
    return operation


def _sendto(sock: Any, address: Any) -> Operation:
    return socket_operation("sendto", sock, address)


def _sendmsg(sock: Any, address: Any) -> Operation | None:
    # Without an address, the socket is connected: the connection was judged, or it is a socketpair.
    return None if address is None else socket_operation("sendmsg", sock, address)


def _getaddrinfo(host: Any, *_: Any) -> Operation:
    return resolve_operation("socket.getaddrinfo", host)


def _gethostbyname(host: Any, *_: Any) -> Operation:
    return resolve_operation("socket.gethostbyname", host)


def _gethostbyaddr(host: Any, *_: Any) -> Operation:
    return resolve_operation("socket.gethostbyaddr", host)


def _getnameinfo(address: Any, *_: Any) -> Operation:
    return resolve_operation("socket.getnameinfo", address[0])


def _popen(executable: Any, argv: Any, *_: Any) -> Operation:
    # On Windows, the event has one string for the arguments.
    first = first_word(argument_text(argv)) if isinstance(argv, (str, bytes)) else argv[0]
    command = first if executable is None else executable
    return process_operation("subprocess.Popen", "start", command, argv, scripted=_as_given(argv, executable))


def _as_given(argv: Any, executable: Any) -> Any:
    """Return a command as a list of arguments, which on Windows is one string, or a string if a shell runs it."""
    if not features.WINDOWS or not isinstance(argv, str):
        return argv
    head = f'{executable} /c "'  # by Popen, without quotes around the program
    return argv[len(head) : -1] if argv.startswith(head) and argv.endswith('"') else words_of(argv)


def _system(command: Any) -> Operation:
    return process_operation("os.system", "start", first_word(argument_text(command)), command, scripted=command)


def _exec(path: Any, argv: Any, *_: Any) -> Operation:
    return process_operation("os.execve", "exec", path, argv)


def _posix_spawn(path: Any, argv: Any, *_: Any) -> Operation:
    return process_operation("os.posix_spawn", "start", path, argv)


def _fork_exec(executables: Any = (), argv: Any = (), *_: Any) -> Operation:
    executables, argv = list(executables or ()), list(argv or ())
    command = (executables or argv or [""])[0]
    return process_operation("_posixsubprocess.fork_exec", "start", command, argv)


def _start_file(path: Any, *_: Any) -> Operation:
    return process_operation("os.startfile", "start", path)


def _pty_spawn(argv: Any) -> Operation:
    return process_operation("pty.spawn", "start", argv[0] if argv else "", argv)


def _fork() -> Operation:
    return process_operation("os.fork", "fork", "fork")


def _forkpty() -> Operation:
    return process_operation("os.forkpty", "fork", "fork")


def interpreter_operation(*_: Any, **__: Any) -> Operation:
    """Describe the creation or start of a sub-interpreter: the audit hook does not see into it."""
    return process_operation("interpreters.create", "interpreter", "sub-interpreter")


def _dlsym(library: Any, name: Any) -> Operation | None:
    symbol = name if isinstance(name, str) else ""
    known = symbol.lstrip("_").removeprefix("libc_")
    if known in _NATIVE_NETWORK:
        return Operation(NETWORK, "native", f"{symbol}() of a C library", "ctypes", OTHER, f"{symbol}()")
    if known in _NATIVE_PROCESS:
        return Operation(PROCESS, "native", f"{symbol}() of a C library", "ctypes", command=symbol)
    return None


READERS: dict[str, Callable[..., Operation | None]] = {
    "socket.connect": _connect,
    "socket.bind": _bind,
    "socket.sendto": _sendto,
    "socket.sendmsg": _sendmsg,
    "socket.getaddrinfo": _getaddrinfo,
    "socket.gethostbyname": _gethostbyname,
    "socket.gethostbyaddr": _gethostbyaddr,
    "socket.getnameinfo": _getnameinfo,
    "subprocess.Popen": _popen,
    "os.system": _system,
    "os.exec": _exec,
    "os.posix_spawn": _posix_spawn,
    "os.fork": _fork,
    "os.forkpty": _forkpty,
    "os.startfile": _start_file,
    "os.startfile/2": _start_file,
    "pty.spawn": _pty_spawn,
    "_posixsubprocess.fork_exec": _fork_exec,
    "ctypes.dlsym": _dlsym,
    "ctypes.dlsym/handle": _dlsym,
}


def _host_and_port(address: Any) -> tuple[str, int | None]:
    if issubclass(type(address), tuple):
        address = tuple.__getitem__(address, slice(None))  # as C reads it, whatever a subclass overrides
    return argument_text(address[0]), address[1] if len(address) > 1 else None


def argument_text(value: Any) -> str:
    """Return an argument as text."""
    if value is None:
        return ""
    if issubclass(type(value), str):
        return str.__str__(value)  # as C reads it, whatever a subclass overrides
    if issubclass(type(value), (bytes, bytearray)):
        return os.fsdecode(bytes(memoryview(value)))
    try:
        return os.fsdecode(value) if isinstance(value, os.PathLike) else str(value)
    except Exception:  # noqa: BLE001 - an argument that cannot be shown must not hide the operation
        return f"<{type(value).__name__}>"


def _script(scripted: Any) -> str:
    """Return a command as source text for the double, if there is one: a string for a command that a shell runs.

    From the first argument on that differs in every run, ``...`` stands for all of them.
    """
    if scripted is None:
        return ""
    is_line = isinstance(scripted, (str, bytes, os.PathLike))
    argv = [argument_text(argument) for argument in ([scripted] if is_line else scripted)]
    if argv[:2] == features.SHELL and len(argv) == _SHELL_ARGUMENTS:
        is_line, argv = True, argv[2:]
    kept = [*itertools.takewhile(lasting.is_lasting, argv)]
    if len(kept) < len(argv):
        text = f"{as_source(kept)[:-1]}, ...]" if kept else "..."
    else:
        text = as_source(argv[0] if is_line else argv)
    return text if len(text) <= _SCRIPT_MAX_CHARACTERS else ""


def first_word(command_line: str) -> str:
    """Return the program of a command line, which may stand in double quotes."""
    text = command_line.lstrip()
    return text[1:].partition('"')[0] if text.startswith('"') else re.split(r"\s", text)[0]


def _command_line(argv: Any) -> str:
    if isinstance(argv, (str, bytes, os.PathLike)):
        line = argument_text(argv)
    else:
        line = quoted([argument_text(argument) for argument in argv])
    return line if len(line) <= _TARGET_MAX_CHARACTERS else line[: _TARGET_MAX_CHARACTERS - 3] + "..."
