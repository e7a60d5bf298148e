"""Serves the files of a folder on localhost."""

from __future__ import annotations

import functools
import http.server
import threading


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Print nothing."""


class ServedFolder:
    """A server in a thread; a context manager that yields its address.

    Args:
        path: the folder.
    """

    def __init__(self, path: str) -> None:
        handler = functools.partial(_QuietHandler, directory=path)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
