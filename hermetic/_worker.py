"""The entry points of interpreters that hermetic starts for isolated tests.

be_worker()    a worker
be_zygote()    a zygote that imports a test module, for runners that cannot be forked before their first test
"""

from __future__ import annotations

import json
import os

from ._base import own_sockets
from ._isolation import process_tree
from ._isolation.interpreters import WorkerArguments
from ._isolation.zygote import MAX_MESSAGE_BYTES, Zygote
from ._workers import context, worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn


def be_worker(  # noqa: PLR0913, PLR0917 - one for each thing given
    nonce: str, folder: str, reading: int, writing: int, files: list[int], sandbox: int | None
) -> NoReturn:
    """Be a worker.

    Args:
        nonce: the bytes that its frames begin with, in hexadecimal digits.
        folder: the path of its folder.
        reading: the file descriptor to read requests from.
        writing: the file descriptor to write frames to.
        files: the file descriptors to write output to.
        sandbox: the file descriptor that leads to the supervisor of its sandbox; None without a sandbox.
    """
    worker.work(WorkerArguments(bytes.fromhex(nonce), folder, reading, writing, files, sandbox), is_fresh=True)


def be_zygote(control: int) -> NoReturn:
    """Be a zygote.

    Args:
        control: the file descriptor of the socket to the supervisor. The first message says what to import, and is
            answered with the number of threads after the import.
    """
    os.environ["HERMETIC_ISOLATED"] = "1"  # imports must see what they would see in a worker
    process_tree.close_files(besides=control)  # those that programs inherit from the run
    link = own_sockets.from_descriptor(control)
    kind, *arguments = json.loads(link.recv(MAX_MESSAGE_BYTES) or b'["gone"]')
    work_in_fork: Callable[[WorkerArguments], NoReturn] = worker.work
    if kind == "context":
        context.take_on(arguments[0])
        work_in_fork = worker.warm_up()
    link.send(json.dumps([process_tree.thread_count()]).encode())
    Zygote(link, work_in_fork).serve()
