"""Defines how settings are written: a table with the kind, help, and documentation of each."""

from __future__ import annotations

import re

from .._base.sizes import MODES, OPT_IN
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
from .values import DEFAULTS, SANDBOXES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .kinds import Kind

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

    def __init__(self, kind: Kind, help_text: str, documentation: str = "", short: tuple[str, ...] = ()) -> None:
        self.kind = kind
        self.help = help_text
        self.documentation = documentation
        self.options = short

    @property
    def plain_help(self) -> str:
        """The help without Markdown: links without their addresses, code without backticks."""
        return plain_text_of(self.help)

    def __set_name__(self, _: type, name: str) -> None:
        self.options += (f"--{name.replace('_', '-')}",)
        self.default = DEFAULTS[name]
        self.variable = f"HERMETIC_{name.upper()}"


class _Table:
    """The settings in the order of the reference."""

    mode = Setting(
        Choice(*MODES),
        "How to treat violations: `strict` (report an error, the default), `warn`, or `off`",
        "`warn` shows a `HermeticWarning`, and the operation goes ahead.",
    )
    default_size = Setting(SizeName(), "The size of tests without a size mark", "Without it, such tests run unguarded.")
    forbid = Setting(
        Words(*OPT_IN),
        "What else to forbid in [small tests](sizes.md#forbid): a list of `filesystem`, `database`, and `sleep`",
    )
    size_distribution = Setting(
        Choice("off", "warn", "error"),
        "What to do when a full run has too few small tests: `off` (default), `warn`, or `error`",
        "`warn` and `error` add the [number of tests of each size](sizes.md#size-distribution) to the summary; `error`"
        " also fails a run with too few small tests.",
    )
    size_targets = Setting(
        Percentages("small", "medium", "larger"),
        "The target percentages of small, medium, and larger tests (default: 80/15/5)",
    )
    start_method = Setting(
        Choice(*START_METHODS),
        "How multiprocessing starts processes (default: `spawn`); `platform` keeps the interpreter's default, and `all`"
        " reruns tests that start processes once with each method",
    )
    isolated = Setting(
        Switch(),
        "Run each test in its own process",
        "It applies to tests that have no [isolation mark](../how-to/isolate-a-test.md).",
    )
    no_isolation = Setting(
        Switch(),
        "Run no test in its own process, whatever its marks say: for debuggers",
        "It takes precedence over `isolated`.",
    )
    isolated_timeout = Setting(
        Seconds(),
        "The time limit of an isolated test or group, in seconds (default: 300)",
        "A mark can set another.",
    )
    isolated_start = Setting(
        Choice("auto", "fresh"),
        "How to start isolated tests: `auto` (fork where that is safe, the default) or `fresh` (a new interpreter)",
    )
    detect_leaks = Setting(
        Switch(),
        "Check tests that are not isolated for [leaks](../how-to/isolate-a-test.md#find-leaks), too",
    )
    leaks = Setting(
        Choice("warn", "error", "off"),
        "What to do when an isolated test [leaks state](../how-to/isolate-a-test.md#find-leaks): `warn` (default),"
        " `error`, or `off`",
        "It applies to tests that are checked because of `detect_leaks`, too.",
    )
    jobs = Setting(
        Jobs(),
        "The number of workers that run test classes in [parallel](../how-to/run-in-parallel.md) (default: 1); `auto`"
        " uses one for each available processor",
        "With 1, tests run in the process of the run.",
        short=("-j",),
    )
    time_limits = Setting(
        Choice(*MODES),
        "How to treat tests that exceed [their size's](sizes.md) time limit: `warn` (default), `strict`, or `off`",
        "`strict` reports an error ([H006](messages.md#h006)).",
    )
    retries = Setting(
        Retries(),
        "How often to [retry a failed test](../how-to/deal-with-flaky-tests.md), each time in a new process (default:"
        " 0); a test that then passes is flaky",
        "A mark (`@hermetic.retries(2)`) can set another number.",
    )
    flaky = Setting(
        Choice("warn", "error"),
        "What to do about [flaky tests](../how-to/deal-with-flaky-tests.md): `warn` (default) or `error` (the run"
        " fails)",
    )
    maxfail = Setting(
        Count(),
        "End the run after [this many failures](../how-to/choose-tests.md#end-a-run-early) and errors (default: never)",
    )
    test_timeout = Setting(
        Seconds(),
        "[Interrupt](messages.md#h006) a test that is not isolated after this many seconds (default: never)",
        "A mark (`@hermetic.timeout(5)`) can set another time, also for an isolated test.",
    )
    processes_at_import = Setting(
        Choice("error", "allow"),
        "What to do when a module starts a process while it is imported: `error` (default) or `allow`",
        "It applies to processes that multiprocessing starts ([H008](messages.md#h008)).",
    )
    max_process_depth = Setting(
        Count(), "The maximum number of generations of processes that a test may start (default: 8)"
    )
    max_process_starts = Setting(
        Count(), "The maximum number of processes that each process of a test may start (default: 5000)"
    )
    max_processes = Setting(
        Count(),
        "The maximum number of Python processes that a test may start in total (default: 1000)",
        "Children of children count.",
    )
    junit_xml = Setting(File(), "Write a JUnit XML [report](reports.md), which CI systems read")
    json = Setting(File(), "Write a JSON [report](reports.md), for programs")
    html = Setting(File(), "Write an HTML [report](reports.md), for people")
    annotations = Setting(
        Choice("auto", "github", "azure", "off"),
        "Print [annotations](../how-to/ci.md#annotations) that point at failures for a CI system: `auto` (detect the"
        " system, the default), `github`, `azure`, or `off`",
    )
    junit_schema = Setting(
        Choice("extended", "strict"),
        "The schema of the JUnit XML report: Jenkins' schema (`strict`), or that with the"
        " [file and line](reports.md#junit-xml) of each test (`extended`, the default)",
    )
    shuffle = Setting(
        Seed(),
        "[Shuffle](../how-to/order-tests.md#shuffle) the tests with this seed; without a seed, use and print a random"
        " one",
        "`random` uses a random seed, and `off` keeps the order.",
    )
    shuffle_level = Setting(
        Choice("module", "class", "test"),
        "What to shuffle: `module` (modules only), `class` (also the classes in them), or `test` (also the tests in"
        " those, the default)",
    )
    failed_first = Setting(
        Switch(),
        "Run modules, classes, and tests that [failed last](../how-to/order-tests.md#rerun-failed-tests) first",
    )
    history = Setting(
        File("auto", "off"),
        "The [file that records](configuration.md#history) durations and failures, or `off`",
        "`auto` is `.hermetic_cache/history.json`.",
    )
    vary_known = Setting(
        KnownDependences(),
        "Accept that tests [depend on these variations](../how-to/find-dependences.md#accept-a-dependence): entries"
        " `SUBJECTS TEST: REASON`",
        "`--vary` lists them, and they don't change its exit code.",
    )
    progress = Setting(
        Choice("auto", "off"),
        "Show the progress of the run in the [last row of a terminal](command-line.md#on-a-terminal): `auto` (default)"
        " or `off`",
    )
    show_failures = Setting(
        Choice("auto", "now", "end"),
        "When to show failures: `now` (when they happen), `end` (after the last test, as unittest does), or `auto`"
        " (`now` [on a terminal](command-line.md#on-a-terminal) and `end` elsewhere, the default)",
    )
    sandbox = Setting(
        Choice(*SANDBOXES),
        "Enforce sizes [in the kernel](../how-to/sandbox-native-code.md) (Linux), including for native code and child"
        " programs: `off` (default), `auto` (where the kernel can), or `kernel`",
        "With `auto`, the first line of the output says whether it is on. [How it"
        " works](../explanation/how-guards-work.md#the-kernel-sandbox).",
    )


SETTINGS: dict[str, Setting] = {name: entry for name, entry in vars(_Table).items() if isinstance(entry, Setting)}

# The settings with an option in the commands of pytest and Django. The others are about runs of hermetic's own program,
# or seldom changed.
HOST_OPTIONS = (
    *("mode", "default_size", "forbid", "isolated", "no_isolation", "isolated_timeout", "isolated_start", "leaks"),
    *("time_limits", "max_process_depth", "max_process_starts", "max_processes", "sandbox"),
)
