"""The plugin that pytest loads: it registers markers, options and settings, and the hooks that a run needs."""

from __future__ import annotations

import contextlib
import importlib
import os

from .._base import real
from .._base.errors import ConfigurationError
from .._patches import installation, on_import
from .._rules import groups, marking, policies
from .._settings import config as settings_files
from .._settings.current_run import current_run
from .._settings.table import HOST_OPTIONS, SETTINGS
from .._verdicts import scopes
from . import xdist_groups
from .item_rules import MARKERS, ItemOwner, as_marker, has_markers, hold_for_all, mark_retries, rule_of, show_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from .._settings.values import Settings

pytest: Any = importlib.import_module("pytest")

_PREFIX = "--hermetic-"  # of our options
_IN_PROCESS = {"--pdb": "usepdb", "--trace": "trace", "--setup-only": "setuponly", "--setup-plan": "setupplan"}
_has_rules = pytest.StashKey()  # whether any item may be held to a size, or isolated
_needing = pytest.StashKey()  # the options of _IN_PROCESS that are given
_run = pytest.StashKey()  # what ends with the configuration: an ExitStack
_conflicts = pytest.StashKey()  # the modules that register markers of ours, by marker


def pytest_addoption(parser: Any) -> None:
    """Add an option for each setting that one changes at the command line."""
    groups.note_surroundings()  # before conftest files and other plugins change them
    group = parser.getgroup("hermetic", "hermetic (sizes and isolation of tests)")
    for name in HOST_OPTIONS:
        setting = SETTINGS[name]
        option = _PREFIX + name.replace("_", "-")
        group.addoption(option, dest=f"hermetic_{name}", default=None, help=setting.plain_help, **setting.kind.option)


@pytest.hookimpl(tryfirst=True)  # type: ignore[untyped-decorator]
def pytest_configure(config: Any) -> None:
    """Put the settings in force, and register the markers."""
    while_running = config.stash[_run] = contextlib.ExitStack()
    while_running.enter_context(current_run.restored())
    while_running.callback(marking.forget)
    while_running.callback(on_import.when_imported("freezegun", _keep_out_of))
    given = {name: getattr(config.option, f"hermetic_{name}", None) for name in HOST_OPTIONS}
    try:
        current_run.settings = _in_process(config, settings_files.load(given, _folder_of(config), options=_PREFIX))
        marking.forget()
        policies.install_guard(current_run.settings)
    except ConfigurationError as error:
        raise pytest.UsageError(f"hermetic: {error}") from None
    current_run.mark_of_host, current_run.host_isolates = as_marker, True
    for text in MARKERS.values():
        config.addinivalue_line("markers", text)
    config.stash[_conflicts] = while_running.enter_context(_registrations_noted(config))
    for plugin in xdist_groups.plugins_for(config):
        config.pluginmanager.register(plugin)


def _keep_out_of(freezegun: Any) -> None:
    """Have freezegun leave out hermetic's modules: it looks at all attributes of all modules for each test."""
    with contextlib.suppress(AttributeError):  # of an old version
        freezegun.configure(extend_ignore_list=["hermetic._"])


def _in_process(config: Any, settings: Settings) -> Settings:
    """Return the settings without isolation if an option of pytest needs the items in this process."""
    needing = [option for option, name in _IN_PROCESS.items() if config.getoption(name, default=False)]
    config.stash[_needing] = needing
    return settings.replaced(no_isolation=True) if needing else settings


def _folder_of(config: Any) -> str:
    """Where the search for settings begins: the current folder, or the root of pytest if that is elsewhere."""
    root, folder = str(config.rootpath), os.getcwd()
    return folder if folder == root or folder.startswith(os.path.join(root, "")) else root


@contextlib.contextmanager
def _registrations_noted(config: Any) -> Generator[dict[str, str]]:
    """Note which other modules register markers of ours."""
    found: dict[str, str] = {}
    add = config.addinivalue_line

    def add_and_note(name: str, line: str) -> None:
        marker = line.partition(":")[0].partition("(")[0].strip()
        if name == "markers" and marker in MARKERS:
            found.setdefault(marker, str(real.get_frame(1).f_globals.get("__name__")))
        add(name, line)

    config.addinivalue_line = add_and_note
    try:
        yield found
    finally:
        del config.addinivalue_line


def pytest_sessionstart(session: Any) -> None:
    """Refuse other plugins with markers of the same names; show what the workers of pytest-xdist find."""
    if session.config.pluginmanager.hasplugin("dsession"):
        _show_findings(session)
    conflicts = session.config.stash[_conflicts]
    if not conflicts:
        return  # the names of distributions take milliseconds to read
    distributions = session.config.pluginmanager.list_plugin_distinfo()
    names = {_package_of(plugin): dist.project_name for plugin, dist in distributions}
    for marker, module in conflicts.items():
        name = names.get(module.partition(".")[0])
        if name is not None:
            raise pytest.UsageError(
                f"hermetic and {name} both define the marker {marker!r}, with different meanings. Uninstall {name}, or"
                f" turn one of the two off: -p no:hermetic, or -p no:{_plugin_name(session.config, module)}"
            )


def _package_of(plugin: Any) -> str:
    return str(getattr(plugin, "__name__", "")).partition(".")[0]


def _plugin_name(config: Any, module: str) -> str:
    package = module.partition(".")[0]
    plugins = config.pluginmanager.list_name_plugin()
    return next((name for name, plugin in plugins if _package_of(plugin) == package), package)


@pytest.hookimpl(trylast=True)  # type: ignore[untyped-decorator]
def pytest_unconfigure(config: Any) -> None:
    """Put the settings out of force."""
    if _run in config.stash and not current_run.in_worker:  # a worker has its settings until it exits
        config.stash[_run].close()


@pytest.hookimpl(wrapper=True, tryfirst=True)  # type: ignore[untyped-decorator]
def pytest_make_collect_report(collector: Any) -> Generator[None, Any, Any]:
    """Hold imports to the default size; a violation that a module has swallowed fails its collection."""
    if not isinstance(collector, pytest.Module):
        return (yield)
    with policies.default_scope():
        report = yield
    if scopes.running.late and report.outcome == "passed":
        errors = [error for _, error in scopes.take_late()]
        if errors:
            report.outcome, report.result = "failed", []
            report.longrepr = "\n\n".join(f"{type(error).__name__}: {error}" for error in errors)
    return report


@pytest.hookimpl(tryfirst=True)  # type: ignore[untyped-decorator]
def pytest_collection_modifyitems(session: Any, items: list[Any]) -> None:
    """Give each item the marker of its size, before ``-m`` selects items."""
    has_rules = hold_for_all() or any(map(has_markers, items))
    session.config.stash[_has_rules] = has_rules
    for item in items if has_rules else ():
        show_size(item)
    manager = session.config.pluginmanager
    can_retry = manager.hasplugin("rerunfailures")
    if has_rules and mark_retries(items, is_known=can_retry) and not can_retry:
        reporter = manager.getplugin("terminalreporter")
        if reporter:
            reporter.write_line("hermetic: the mark retries has no effect without the plugin pytest-rerunfailures")


@pytest.hookimpl(tryfirst=True)  # type: ignore[untyped-decorator]
def pytest_collection_finish(session: Any) -> None:
    """Load what the items need: nothing more if none of them has a size."""
    rules = [rule_of(item) for item in session.items] if session.config.stash.get(_has_rules, False) else []
    if not (rules or installation.installed.is_complete):
        return
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    if session.config.stash[_needing] and reporter and any(rule.is_marked_isolated for rule in rules):
        options = " and ".join(session.config.stash[_needing])
        reporter.write_line(f"hermetic: isolated tests run in this process, because of {options}")
    from .item_judge import ItemJudge  # saves 20 ms in runs without marks

    session.config.pluginmanager.register(ItemJudge())
    if not session.config.pluginmanager.hasplugin("dsession"):
        _show_findings(session)
    if not current_run.in_worker and any(rule.group is not None for rule in rules):
        from .isolated_items import IsolatedItems  # saves 30 ms in runs without isolated items

        session.config.pluginmanager.register(IsolatedItems(session))


def _show_findings(session: Any) -> None:
    from .terminal_findings import TerminalFindings  # saves 10 ms in runs without marks

    findings = TerminalFindings([ItemOwner(item).id() for item in session.items])
    session.config.pluginmanager.register(findings)
