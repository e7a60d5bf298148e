"""Patches the C type of sockets, where it raises no audit event, or one that comes too late or says too little.

    listen                      no event
    setsockopt                  no event: a multicast group is joined
    connect, bind, sendto, ...  a name in the address is looked up before the event
    getnameinfo                 the event does not tell a numeric answer from a reverse look-up
    _overlapped, of Windows     no event: asyncio's proactor loop connects and sends by its functions

The methods are replaced in the C type ``_socket.socket``, from which every class of sockets inherits. A method of the
same name in a subclass, such as a mock, takes precedence.
"""

from __future__ import annotations

import functools
import sys

from .._base import features, real
from .._guards import audit
from .._operations import events, multicast, windows_events
from .._stdlib import interpreter_internals
from .._verdicts import faults, scopes
from . import replacing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def on_new_socket(args: tuple[Any, ...]) -> None:
    """Patch the C type when the first socket is made, and judge sockets that receive as soon as there are any.

    To patch it earlier would cost every start-up the import of ``_socket``.
    """
    patch_socket_type()
    operation = events.new_socket_operation(*args)
    if operation is not None:
        audit.judge(operation)


def patch_if_loaded() -> None:
    """Patch the C type if anybody could use it by now; at shutdown, when nothing can be imported, it is too late."""
    if "_socket" in sys.modules:
        patch_socket_type()


def patch_socket_type() -> None:
    """Patch the C type, unless that is done."""
    _socket = real.socket_module()
    methods = interpreter_internals.class_namespace(_socket.socket)
    if hasattr(methods["listen"], "__hermetic_guard__"):
        return
    patches = [
        (methods, name, replacing.guarded(methods[name], operation_of))
        for name, operation_of in _METHODS.items()
        if name in methods or name not in features.MAY_BE_MISSING
    ]
    replacing.replace_everywhere([*patches, (vars(_socket), "getnameinfo", _guarded_getnameinfo(_socket))], sweep=True)
    interpreter_internals.forget_cached_attributes(_socket.socket)


def _name_in_address(method: str, sock: Any, address: Any = None, *_: Any) -> Any:
    """The look-up that C does for a name before it raises the event; None for a numeric address."""
    _socket = real.socket_module()
    if type(address) is not tuple or not address or sock.family not in (_socket.AF_INET, _socket.AF_INET6):
        return None
    if not isinstance(address[0], (str, bytes, bytearray)):
        return None
    return events.resolve_operation(f"socket.socket.{method}", address[0])


_METHODS: dict[str, Callable[..., Any]] = {
    "listen": lambda sock, *_: events.listen_operation(sock),
    "setsockopt": multicast.join_operation,
    **{method: functools.partial(_name_in_address, method) for method in ("connect", "connect_ex", "bind")},
    "sendto": lambda sock, *args: _name_in_address("sendto", sock, *args[-1:]),
    "sendmsg": lambda sock, *args: _name_in_address("sendmsg", sock, *args[3:4]),
}


_OWN_ERRORS = (
    OSError,
    TypeError,
    ValueError,
    OverflowError,
)  # of the original, called as a decision


def _guarded_getnameinfo(_socket: Any) -> Callable[..., Any]:
    original = _socket.getnameinfo
    numeric_host = _socket.NI_NUMERICHOST

    def decide(sockaddr: Any = None, flags: Any = 0, /, *_: Any) -> Callable[[], Any] | None:
        is_numeric = isinstance(flags, int) and flags & numeric_host
        return [_unjudged(original, sockaddr, flags)].pop if is_numeric else None

    guarded: Callable[..., Any] = faults.entrance(original, decide, *_OWN_ERRORS)
    return guarded


def _unjudged(function: Callable[..., Any], *args: Any) -> Any:
    with scopes.unjudged():
        return function(*args)


# --- asyncio's proactor loop, on Windows -----------------------------------------------------------------------------


def patch_overlapped(module: Any) -> None:
    """Patch the module ``_overlapped``, which only Windows has."""
    methods = interpreter_internals.class_namespace(module.Overlapped)
    patches = [
        (names, name, replacing.guarded(names[name], operation_of))
        for names, name, operation_of in (
            (vars(module), "ConnectPipe", _connect_pipe),
            (vars(module), "WSAConnect", _connect),
            (methods, "ConnectEx", lambda _, *args: _connect(*args)),
            (methods, "WSASendTo", lambda _, *args: _send_to(*args)),
        )
    ]
    replacing.replace_everywhere(patches, sweep=True)
    interpreter_internals.forget_cached_attributes(module.Overlapped)


def _connect_pipe(address: Any = None, *_: Any) -> Any:
    return windows_events.pipe_operation("asyncio.ProactorEventLoop.create_pipe_connection", "connect", address)


def _connect(_handle: Any = None, address: Any = None, *_: Any) -> Any:
    return events.inet_operation("connect", address) if isinstance(address, tuple) and address else None


def _send_to(_handle: Any = None, _data: Any = None, _flags: Any = None, address: Any = None, *_: Any) -> Any:
    return events.inet_operation("sendto", address) if isinstance(address, tuple) and address else None
