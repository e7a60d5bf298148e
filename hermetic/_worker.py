"""The entry points of the interpreters that run isolated tests; nothing imports this module but those.

work()         a worker
be_zygote()    a zygote that has imported a test module, for runners that were not forked before their first test
"""

from __future__ import annotations

from ._base import own_sockets
from ._isolation.interpreters import WorkerPlace
from ._workers import worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def work(  # noqa: PLR0913, PLR0917 - what a worker is told
    nonce: str, folder: str, reading: int, writing: int, files: list[int], sandbox: int | None
) -> NoReturn:
    """Be a worker.

    Args:
        nonce: of the channel, in hexadecimal digits.
        folder: the worker's own.
        reading: the file descriptor that requests come from.
        writing: the one that frames go to.
        files: those that output goes to.
        sandbox: that of the way to the one who answers for its sandbox; None for none.
    """
    worker.work(WorkerPlace(bytes.fromhex(nonce), folder, reading, writing, files, sandbox), is_fresh=True)


def be_zygote(control: int) -> NoReturn:
    """Be a zygote.

    Args:
        control: the file descriptor of the socket to the supervisor, whose first message says what to import; it is
            answered with the number of threads that there are then.
    """
    import json
    import os

    from ._isolation import process_tree
    from ._isolation.zygote import MAX_MESSAGE_BYTES, Zygote  # more than workers need
    from ._workers import context

    os.environ["HERMETIC_ISOLATED"] = "1"  # it imports for its workers
    process_tree.close_files(besides=control)  # the run may hold files that programs inherit
    link = own_sockets.from_descriptor(control)
    kind, *arguments = json.loads(link.recv(MAX_MESSAGE_BYTES) or b'["gone"]')
    if kind == "context":
        context.enter(arguments[0])
        worker.warm_up()
    link.send(json.dumps([process_tree.thread_count()]).encode())
    Zygote(link, worker.work).serve()
