"""Says what to write in the place of a misspelt option, and of the options and test names of pytest and others."""

from __future__ import annotations

import os
import re

from .._base import spelling
from .._base.command import NAME
from . import arguments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_FAIL_FAST, _PARALLEL = "-f (--failfast)", "-j N, or -j auto"
_BY_NAME = "choose tests by size with --size SIZES, or by name with -k PATTERN"
_NO_PLUGINS = "leave it out: hermetic has no plugins (in a discovery, -p is the pattern of the files)"
_INSTEAD = {  # option to what to write; of pytest and its plugins, then of others
    "-x": _FAIL_FAST,
    "--exitfirst": _FAIL_FAST,
    "-n": _PARALLEL,
    "--numprocesses": _PARALLEL,
    "--dist": f"{_PARALLEL}, which runs whole classes",
    "--lf": "--last-failed",
    "--ff": "--failed-first",
    "--sw": "--last-failed -f",
    "--stepwise": "--last-failed -f",
    "--timeout": "--test-timeout SECONDS",
    "-m": _BY_NAME,
    "--markers": _BY_NAME,
    "-p": _NO_PLUGINS,
    "--cov": "write coverage run -m hermetic, and then coverage report",
    "--reruns": "--retries NUMBER",
    "--count": "--repeat NUMBER",
    "--flake-finder": "--repeat NUMBER, and --until-failure to end at the first failure",
    "--looponfail": "--watch",
    "--testmon": "--watch",
    "--random-order": "--shuffle",
    "--randomly-seed": "--shuffle SEED",
    "--forked": "--isolated",
    "--boxed": "--isolated",
    "--disable-socket": "--default-size small",
    "--allow-hosts": 'mark the test @hermetic.allow(hosts=["..."])',
    "--capture": "leave it out: output is shown unless -b hides it",
    "--showlocals": "--locals",
    "-l": "--locals",
    "--tb": "leave it out: tracebacks are always shown",
    "-r": "leave it out: skipped and failed tests are always listed with -v",
    "--ignore": "choose the files of a discovery with -p PATTERN",
    "--collect-only": "--list",
    "--co": "--list",
    "--color": "the environment variable FORCE_COLOR=1 or NO_COLOR=1",
    "-W": "write python -W ACTION -m hermetic",
    "--parallel": _PARALLEL,
    "--processes": _PARALLEL,
    "--concurrency": _PARALLEL,
    "--failed": "--last-failed",
    "--random": "--shuffle",
    "--tag": _BY_NAME,
    "--settings": f"write {NAME} --script manage.py test",
}
_OF_UNITTEST = (
    "--help", "--verbose", "--quiet", "--locals", "--durations", "--failfast", "--catch", "--buffer",
    "--start-directory", "--pattern", "--top-level-directory",
)  # fmt: skip


def advice_on_options(error: str) -> str:
    """Return the lines that say what to write in the place of the options that an error of ``argparse`` names."""
    words = re.findall(r"ignored explicit argument '(\w)'", error)
    unknown = [f"-{word}" for word in words] or error.partition("unrecognized arguments: ")[2].split()
    return "".join(f"\n  {option}: {advice}" for option in unknown if (advice := _advice_on_option(option)))


def _advice_on_option(option: str) -> str | None:
    name = option.partition("=")[0]
    if not name.startswith("-"):
        return None
    instead = _INSTEAD.get(name) or (None if name.startswith("--") else _INSTEAD.get(name[:2]))
    if instead is not None:
        return f"write {instead}" if instead[:1] == "-" else instead
    ours = [*arguments.options().names(), *_OF_UNITTEST]
    bare = {known[2:].replace("-", "_"): known for known in ours}
    found = spelling.nearest(name.lstrip("-"), bare)
    return f"did you mean {bare[found]}?" if found else None


def advice_on_names(arguments: Sequence[str], *, discovers: bool) -> Iterator[str]:
    """Yield what to write in the place of names of tests that unittest cannot load.

    Args:
        arguments: the arguments that are left to unittest.
        discovers: whether they are those of a discovery, whose names are folders and patterns.
    """
    for before, argument in zip(("", *arguments), arguments, strict=False):
        if before == "-p" and argument.startswith("no:"):
            yield f"-p {argument}: {_NO_PLUGINS}"
        if argument.startswith("-") or before == "-k":
            continue
        if "::" in argument:
            path, *names = argument.partition("[")[0].split("::")
            module = path.removesuffix(".py").removeprefix("./").replace(os.sep, "/").replace("/", ".")
            yield f"{argument}: write {'.'.join([module, *names])}"
        elif not discovers and _is_folder(argument):
            yield f"{argument}: write discover -s {argument.rstrip('/' + os.sep) or argument}"


def _is_folder(argument: str) -> bool:
    """Whether an argument can only be a folder: a name without a slash may be a package with ``load_tests``."""
    return os.path.isdir(argument) and (not argument.isidentifier()) and "." not in argument.strip("./\\")
