"""Makes annotations: log lines that a CI system shows beside the code.

    github   ::error file=F,line=N,title=T::TEXT                                GitHub Actions: workflow commands
    azure    ##vso[task.logissue type=error;sourcepath=F;linenumber=N;]TEXT     Azure Pipelines: logging commands

GitLab has no such lines; it reads the JUnit report.
"""

from __future__ import annotations

from .plain_text import one_line, path_below, visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .test_records import TestRecord

_MAX_LINES = 50  # in a run: GitHub shows ten of each level, and people read the log
_MAX_TEXT, _MAX_TITLE = 1000, 200  # characters
_ROOTS = {"github": "GITHUB_WORKSPACE", "azure": "BUILD_SOURCESDIRECTORY"}  # the folders that paths must be relative to


def annotation_lines(records: Sequence[TestRecord], format_name: str, environ: Mapping[str, str]) -> list[str]:
    """The lines that annotate the errors, failures, violations and flaky tests of a run, errors first.

    Args:
        format_name: ``github`` or ``azure``.
        environ: the environment, in which the CI system names the folder that paths must be relative to.
    """
    found = sorted((annotation for record in records for annotation in _of(record)), key=lambda item: item[0])
    root = environ.get(_ROOTS[format_name], "")
    write = {"github": _github, "azure": _azure}[format_name]
    shown = found[:_MAX_LINES]
    return [write(level, path_below(root, file), line, title, text) for level, file, line, title, text in shown]


def _of(record: TestRecord) -> Iterator[tuple[str, str, int, str, str]]:
    for entry in record.entries:
        if entry.outcome in ("error", "failure", "unexpected_success"):
            file, line = (entry.file, entry.line) if entry.file else (record.file, record.line)
            title = one_line(f"{record.id} {entry.subtest}")[:_MAX_TITLE]
            yield "error", file, line, title, entry.message or entry.outcome.replace("_", " ")
    for attempt in record.attempts[:1] if record.is_flaky else ():
        for level, file, line, title, text in _of(attempt):
            if level == "error":
                yield "warning", file, line, f"flaky: {title}"[:_MAX_TITLE], text
    for violation in record.warned:
        text = f"{violation.code}: {violation.operation.api} {violation.operation.target}"
        yield "warning", violation.site.filename, violation.site.line, one_line(record.id)[:_MAX_TITLE], text


def _github(level: str, file: str, line: int, title: str, text: str) -> str:
    properties = {"file": visible(file), "line": str(line) if file and line else "", "title": title}
    shown = ",".join(f"{name}={_github_property(value)}" for name, value in properties.items() if value)
    return f"::{level} {shown}::{_github_text(visible(text[:_MAX_TEXT]))}"


def _github_text(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _github_property(text: str) -> str:
    return _github_text(text).replace(":", "%3A").replace(",", "%2C")


def _azure(level: str, file: str, line: int, title: str, text: str) -> str:
    place = f"sourcepath={_azure_property(file)};linenumber={line};" if file and line else ""
    return f"##vso[task.logissue type={level};{place}]{_azure_text(one_line(f'{title}: {text[:_MAX_TEXT]}'))}"


def _azure_text(text: str) -> str:
    return text.replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")


def _azure_property(text: str) -> str:
    return _azure_text(one_line(text)).replace(";", "%3B").replace("]", "%5D")
