"""Runs modules of tests in the kernel sandbox, and reads the verdict of each test."""

from __future__ import annotations

import functools
import re
import subprocess
import unittest

import support
from hermetic._sandbox import availability

HEAD = """
import ctypes, os, signal, socket, struct, subprocess, sys, threading, time, unittest
from hermetic import allow, isolated, large, medium, small
libc = ctypes.CDLL(None, use_errno=True)  # fetched before any test: the guard in the process sees nothing of it
native_connect, native_fork, native_system = libc.connect, libc.fork, libc.system
def connect(host, port=9, by=native_connect):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        address = struct.pack("=H", 2) + struct.pack(">H", port) + socket.inet_aton(host) + bytes(8)
        return by(sock.fileno(), address, 16)
"""
REMOTE = "203.0.113.7"  # a refused connect of a datagram socket sends nothing, and neither does one that is let through
needs_a_sandbox = unittest.skipIf(availability.missing(), f"no kernel sandbox: {availability.missing()}")


@functools.cache
def run(text: str, *options: str) -> subprocess.CompletedProcess[str]:
    """The run of a module with the text, each kind only once."""
    with support.Folder(**{"test_it.py": text}) as folder:
        return support.run_hermetic("-v", *options, "test_it", cwd=folder)


def verdicts(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """The verdict of each test, by the last part of its name: ``ok, ERROR`` if an error came after a success."""
    found: dict[str, str] = {}
    name = ""
    for line in done.stderr.partition("\n====")[0].splitlines():
        started = re.match(r"test_(\w+) \(.*?\) \.\.\. ", line)
        name = started[1] if started else name
        verdict = re.search(r"(?:^| )(ok|ERROR|FAIL)$", line)
        if verdict and not found.get(name, "").endswith(verdict[1]):
            found[name] = f"{found[name]}, {verdict[1]}" if name in found else verdict[1]
    return found
