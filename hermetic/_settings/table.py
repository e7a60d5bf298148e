"""Defines the settings: a table with the kind, default, help, and documentation of each, and the record of values."""

from __future__ import annotations

import fnmatch
import os
import re

from .._base import real
from .._base.sizes import MODES, OPT_IN, STRICT, WARN
from .._policy.decision import NO_ALLOWANCE, Allowance
from .kinds import (
    Choice,
    Count,
    File,
    Jobs,
    KnownDependences,
    Percentages,
    Retries,
    Seconds,
    Seed,
    SizeName,
    Switch,
    Words,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .._base.sizes import Size
    from .kinds import Kind

SANDBOXES = ("off", "auto", "kernel")
START_METHODS = ("spawn", "forkserver", "fork", "platform", "all")


def plain_text_of(text: str) -> str:
    """Return Markdown as plain text: links without their addresses, code and bold text without their marks."""
    text = re.sub(r"(?<=\.) \[[^\]]+\]\([^)]+\)\.$", "", text)  # a sentence that is a link
    return re.sub(r"\*\*(.+?)\*\*", r"\1", re.sub(r"\[([^][]+)\]\(.+?\)", r"\1", text).replace("`", ""))


class Setting:
    """An entry of the table.

    Attributes:
        kind: what it accepts.
        default: its value where nothing sets it.
        help: what it does, for ``--help`` and the reference of the command line. Links and backticks are Markdown.
        documentation: what the reference of the configuration says besides, in the same form.
        options: its options on the command line, of which the last is made from its name.
        variable: its environment variable.
    """

    def __init__(self, kind: Kind, help_text: str, documentation: str, default: object, short: tuple[str, ...]) -> None:
        self.kind = kind
        self.default = default
        self.help = help_text
        self.documentation = documentation
        self.options = short

    @property
    def plain_help(self) -> str:
        """The help without Markdown: links without their addresses, code without backticks."""
        return plain_text_of(self.help)

    def __set_name__(self, _: type, name: str) -> None:
        self.options += (f"--{name.replace('_', '-')}",)
        self.variable = f"HERMETIC_{name.upper()}"


def _setting(
    kind: Kind, help_text: str, documentation: str = "", *, default: object = None, short: tuple[str, ...] = ()
) -> Any:
    """Make an entry. The annotation beside it is the type of its value, and ``Any`` lets type checkers accept both."""
    return Setting(kind, help_text, documentation, default, short)


class Settings:
    """The values of all settings. The class is the table; an instance is a record of values.

    Attributes:
        allow: path patterns with what they allow, in the order of the files.
        baseline: the known violations (``_verdicts.baseline``).
        old_baselines: the known violations in configuration files, by the path of the file.
        root: the folder that path patterns start from.
        origins: where each value came from, by the name of its setting, or as ``allow PATTERN``.
    """

    allow: tuple[tuple[str, Allowance], ...]
    baseline: frozenset[str]
    old_baselines: Mapping[str, frozenset[str]]
    root: str
    origins: Mapping[str, str]

    mode: str = _setting(
        Choice(*MODES),
        "How to treat violations: `strict` (report an error, the default), `warn`, or `off`",
        "`warn` shows a `HermeticWarning`, and the operation goes ahead.",
        default=STRICT,
    )
    default_size: Size | None = _setting(
        SizeName(), "The size of tests without a size mark", "Without it, such tests run unguarded."
    )
    forbid: tuple[str, ...] = _setting(
        Words(*OPT_IN),
        "What else to forbid in [small tests](sizes.md#forbid): a list of `filesystem`, `database`, and `sleep`",
        default=(),
    )
    size_distribution: str = _setting(
        Choice("off", "warn", "error"),
        "What to do when a full run has too few small tests: `off` (default), `warn`, or `error`",
        "`warn` and `error` add the [number of tests of each size](sizes.md#size-distribution) to the summary; `error`"
        " also fails a run with too few small tests.",
        default="off",
    )
    size_targets: tuple[int, int, int] = _setting(
        Percentages("small", "medium", "larger"),
        "The target percentages of small, medium, and larger tests (default: 80/15/5)",
        default=(80, 15, 5),
    )
    start_method: str = _setting(
        Choice(*START_METHODS),
        "How multiprocessing starts processes (default: `spawn`); `platform` keeps the interpreter's default, and `all`"
        " reruns tests that start processes once with each method",
        default="spawn",
    )
    isolated: bool = _setting(
        Switch(),
        "Run each test in its own process",
        "It applies to tests that have no [isolation mark](../how-to/isolate-a-test.md).",
        default=False,
    )
    no_isolation: bool = _setting(
        Switch(),
        "Run no test in its own process, whatever its marks say: for debuggers",
        "It takes precedence over `isolated`.",
        default=False,
    )
    isolated_timeout: float = _setting(
        Seconds(),
        "The time limit of an isolated test or group, in seconds (default: 300)",
        "A mark can set another.",
        default=300.0,
    )
    isolated_start: str = _setting(
        Choice("auto", "fresh"),
        "How to start isolated tests: `auto` (fork where that is safe, the default) or `fresh` (a new interpreter)",
        default="auto",
    )
    detect_leaks: bool = _setting(
        Switch(),
        "Check tests that are not isolated for [leaks](../how-to/isolate-a-test.md#find-leaks), too",
        default=False,
    )
    leaks: str = _setting(
        Choice("warn", "error", "off"),
        "What to do when an isolated test [leaks state](../how-to/isolate-a-test.md#find-leaks): `warn` (default),"
        " `error`, or `off`",
        "It applies to tests that are checked because of `detect_leaks`, too.",
        default="warn",
    )
    jobs: int | str = _setting(
        Jobs(),
        "The number of workers that run test classes in [parallel](../how-to/run-in-parallel.md) (default: 1); `auto`"
        " uses one for each available processor",
        "With 1, tests run in the process of the run.",
        default=1,
        short=("-j",),
    )
    time_limits: str = _setting(
        Choice(*MODES),
        "How to treat tests that exceed [their size's](sizes.md) time limit: `warn` (default), `strict`, or `off`",
        "`strict` reports an error ([H006](messages.md#h006)).",
        default=WARN,
    )
    retries: int = _setting(
        Retries(),
        "How often to [retry a failed test](../how-to/deal-with-flaky-tests.md), each time in a new process (default:"
        " 0); a test that then passes is flaky",
        "A mark (`@hermetic.retries(2)`) can set another number.",
        default=0,
    )
    flaky: str = _setting(
        Choice("warn", "error"),
        "What to do about [flaky tests](../how-to/deal-with-flaky-tests.md): `warn` (default) or `error` (the run"
        " fails)",
        default="warn",
    )
    maxfail: int | None = _setting(
        Count(),
        "End the run after [this many failures](../how-to/choose-tests.md#end-a-run-early) and errors (default: never)",
    )
    test_timeout: float | None = _setting(
        Seconds(),
        "[Interrupt](messages.md#h006) a test that is not isolated after this many seconds (default: never)",
        "A mark (`@hermetic.timeout(5)`) can set another time, also for an isolated test.",
    )
    processes_at_import: str = _setting(
        Choice("error", "allow"),
        "What to do when a module starts a process while it is imported: `error` (default) or `allow`",
        "It applies to processes that multiprocessing starts ([H008](messages.md#h008)).",
        default="error",
    )
    max_process_depth: int = _setting(
        Count(), "The maximum number of generations of processes that a test may start (default: 8)", default=8
    )
    max_process_starts: int = _setting(
        Count(), "The maximum number of processes that each process of a test may start (default: 5000)", default=5000
    )
    max_processes: int = _setting(
        Count(),
        "The maximum number of Python processes that a test may start in total (default: 1000)",
        "Children of children count.",
        default=1000,
    )
    junit_xml: str | None = _setting(File(), "Write a JUnit XML [report](reports.md), which CI systems read")
    json: str | None = _setting(File(), "Write a JSON [report](reports.md), for programs")
    html: str | None = _setting(File(), "Write an HTML [report](reports.md), for people")
    annotations: str = _setting(
        Choice("auto", "github", "azure", "off"),
        "Print [annotations](../how-to/ci.md#annotations) that point at failures for a CI system: `auto` (detect the"
        " system, the default), `github`, `azure`, or `off`",
        default="auto",
    )
    junit_schema: str = _setting(
        Choice("extended", "strict"),
        "The schema of the JUnit XML report: Jenkins' schema (`strict`), or that with the"
        " [file and line](reports.md#junit-xml) of each test (`extended`, the default)",
        default="extended",
    )
    shuffle: str = _setting(
        Seed(),
        "[Shuffle](../how-to/order-tests.md#shuffle) the tests with this seed; without a seed, use and print a random"
        " one",
        "`random` uses a random seed, and `off` keeps the order.",
        default="off",
    )
    shuffle_level: str = _setting(
        Choice("module", "class", "test"),
        "What to shuffle: `module` (modules only), `class` (also the classes in them), or `test` (also the tests in"
        " those, the default)",
        default="test",
    )
    failed_first: bool = _setting(
        Switch(),
        "Run modules, classes, and tests that [failed last](../how-to/order-tests.md#rerun-failed-tests) first",
        default=False,
    )
    history: str = _setting(
        File("auto", "off"),
        "The [file that records](configuration.md#history) durations and failures, or `off`",
        "`auto` is `.hermetic_cache/history.json`.",
        default="auto",
    )
    vary_known: tuple[str, ...] = _setting(
        KnownDependences(),
        "Accept that tests [depend on these variations](../how-to/find-dependences.md#accept-a-dependence): entries"
        " `SUBJECTS TEST: REASON`",
        "`--vary` lists them, and they don't change its exit code.",
        default=(),
    )
    progress: str = _setting(
        Choice("auto", "off"),
        "Show the progress of the run in the [last row of a terminal](command-line.md#on-a-terminal): `auto` (default)"
        " or `off`",
        default="auto",
    )
    show_failures: str = _setting(
        Choice("auto", "now", "end"),
        "When to show failures: `now` (when they happen), `end` (after the last test, as unittest does), or `auto`"
        " (`now` [on a terminal](command-line.md#on-a-terminal) and `end` elsewhere, the default)",
        default="auto",
    )
    sandbox: str = _setting(
        Choice(*SANDBOXES),
        "Enforce sizes [in the kernel](../how-to/sandbox-native-code.md) (Linux), including for native code and child"
        " programs: `off` (default), `auto` (where the kernel can), or `kernel`",
        "With `auto`, the first line of the output says whether it is on. [How it"
        " works](../explanation/how-guards-work.md#the-kernel-sandbox).",
        default="off",
    )

    def __init__(
        self,
        *,
        allow: tuple[tuple[str, Allowance], ...] = (),
        baseline: frozenset[str] = frozenset(),
        old_baselines: Mapping[str, frozenset[str]] | None = None,
        root: str = os.curdir,
        origins: Mapping[str, str] | None = None,
        **values: Any,
    ) -> None:
        if unknown := values.keys() - SETTINGS.keys():
            raise TypeError(f"there is no setting {', '.join(unknown)}")
        defaults = {name: setting.default for name, setting in SETTINGS.items()}
        vars(self).update(defaults, **values, allow=allow, baseline=baseline, old_baselines=old_baselines or {})
        vars(self).update(root=root, origins=origins or {})

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{name}: settings cannot be changed; use replaced() to make a changed copy")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Settings) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]  # a record of values

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"

    def replaced(self, **values: Any) -> Settings:
        """Return the same settings but for these values."""
        return Settings(**{**vars(self), **values})

    def given_on_command_line(self) -> dict[str, Any]:
        """Return the values that came from the command line, by name, as ``config.load`` takes them."""
        return {
            name: setting.kind.plain(getattr(self, name))
            for name, setting in SETTINGS.items()
            if self.origins.get(name) == "command line"
        }

    def allowance_for(self, path: str) -> Allowance:
        """Return what the path patterns allow to the tests of a file.

        Args:
            path: the test module's file.
        """
        if not self.allow:
            return NO_ALLOWANCE
        relative = real.relative_path(path, self.root).replace(os.sep, "/")
        allowance = NO_ALLOWANCE
        for pattern, allowed in self.allow:
            if fnmatch.fnmatchcase(relative, pattern):
                allowance |= allowed
        return allowance


SETTINGS: dict[str, Setting] = {name: entry for name, entry in vars(Settings).items() if isinstance(entry, Setting)}

# The settings with an option in the commands of pytest and Django. The others are about runs of hermetic's own program,
# or seldom changed.
HOST_OPTIONS = (
    *("mode", "default_size", "forbid", "isolated", "no_isolation", "isolated_timeout", "isolated_start", "leaks"),
    *("time_limits", "max_process_depth", "max_process_starts", "max_processes", "sandbox"),
)
