"""The Pythons of this machine that hermetic does not support."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess

import support

_NAMES = ("python2", "python2.7", *(f"python3.{minor}" for minor in range(10)), "pypy", "pypy3", "graalpy")
_HOMES = ("2.*", "3.[0-9].*", "pypy*", "graalpy*")  # of pyenv's versions


def unsupported_pythons() -> list[str]:
    """The paths of those that start."""
    homes = [os.path.expanduser(f"~/.pyenv/versions/{name}/bin/python") for name in _HOMES]
    paths = [path for path in map(shutil.which, _NAMES) if path is not None]
    found = {os.path.realpath(path) for path in [*paths, *(path for home in homes for path in glob.glob(home))]}
    return sorted(path for path in found if run(path, "-c", "pass").returncode == 0)  # others are stand-ins for none


def run(python: str, *arguments: str, cwd: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run one of them with hermetic importable, without the policy of the test."""
    env = {"PYTHONPATH": support.package_folder(), "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8"}
    with support.not_inherited():
        return subprocess.run(
            [python, *arguments], capture_output=True, text=True, cwd=cwd, env=env, timeout=support.TIMEOUT
        )
