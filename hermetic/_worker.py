"""The entry points of interpreters that hermetic starts for isolated tests.

be_worker()    a worker
be_zygote()    a zygote: one that imports a test module, for runners that cannot be forked before their first test, or a
               bare one, whose workers import what they need
"""

from __future__ import annotations

import functools
import os

from ._base import own_sockets, real
from ._isolation import process_tree
from ._isolation.interpreters import WorkerArguments
from ._isolation.zygote import MAX_MESSAGE_BYTES, Zygote
from ._protocol import plain_data
from ._workers import context, worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from ._protocol.framing import WorkerEnd


def be_worker(nonce: str, *others: Any) -> NoReturn:
    """Be a worker.

    Args:
        nonce: the nonce of ``WorkerArguments``, in hexadecimal digits.
    """
    worker.work(WorkerArguments(bytes.fromhex(nonce), *others), _serve, is_fresh=True)


def _serve(channel: WorkerEnd, given: WorkerArguments) -> None:
    """Serve the host that the first request names, or else unittest."""
    request = channel.receive()
    if request[0] == "host":
        _, module, description = request
        real.import_module(module).serve(channel, given, description)
        return
    channel.send(["started"])
    channel.put_back(request)
    worker.serve_tests(channel, given)


def be_zygote(control: int) -> NoReturn:
    """Be a zygote.

    Args:
        control: the file descriptor of the socket to the supervisor. The first message says what to import, if
            anything, and is answered with the number of threads after the import.
    """
    os.environ["HERMETIC_ISOLATED"] = "1"  # imports must see what they would see in a worker
    process_tree.close_files(besides=control)  # those that programs inherit from the run
    link = own_sockets.from_descriptor(control)
    kind, *arguments = plain_data.from_bytes(link.recv(MAX_MESSAGE_BYTES) or b'["gone"]')
    work_in_fork: Callable[[WorkerArguments], NoReturn]
    if kind == "context":
        context.take_on(arguments[0])
        work_in_fork = worker.warm_up()
    else:
        work_in_fork = functools.partial(worker.work, serve=_serve, is_fresh=True)
    threads = process_tree.thread_count()
    link.send(plain_data.to_bytes([threads]))
    Zygote(link, work_in_fork, is_bare=kind != "context" and threads == 1).serve()
