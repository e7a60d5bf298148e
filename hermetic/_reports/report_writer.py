"""Writes the reports that a run is asked for."""

from __future__ import annotations

from .._base import file_replacement, real
from .._base.errors import ConfigurationError
from . import ci_annotations, html_report, json_report, junit_report
from .plain_text import one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .test_records import RunRecord, TestRecord

_MAX_WARNINGS = 1000


def _warnings_text(run: RunRecord) -> str:
    """The list of a run's warnings that Bazel shows for a test target that has passed."""
    records = [(f"{record.id}: ", warning) for record in run.tests for warning in record.warnings]
    records += [("", warning) for warning in run.warnings]
    shown = records[:_MAX_WARNINGS]
    return "".join(one_line(f"{of_test}{warning.category}: {warning.message}") + "\n" for of_test, warning in shown)


_FORMATS: dict[str, Callable[..., str]] = {
    "junit_xml": junit_report.text,
    "json": json_report.text,
    "html": html_report.text,
    "TEST_WARNINGS_OUTPUT_FILE": _warnings_text,  # of Bazel
}


class ReportWriter:
    """Makes reports and annotations of the records of a run.

    Args:
        paths: the absolute path of each report, by the setting or environment variable that asks for it.
        annotations_for: the format of annotations, as for ``annotation_lines``; None for no annotations.
        is_strict_junit: as ``is_strict`` of ``junit_report.text``.

    Attributes:
        has_reports: whether there are reports to write, and not only annotations.

    Raises:
        ConfigurationError: a report cannot be written to its path.
    """

    def __init__(
        self, paths: Mapping[str, str], annotations_for: str | None = None, *, is_strict_junit: bool = False
    ) -> None:
        self._paths = {name: file_replacement.writable_path(path, name) for name, path in paths.items()}
        if len(set(self._paths.values())) < len(paths):
            raise ConfigurationError(f"{', '.join(paths)}: two reports share one file; write a path for each")
        self.has_reports = bool(paths)
        self._annotations_for = annotations_for
        self._options = {"junit_xml": {"is_strict": is_strict_junit}}

    def write(self, run: RunRecord) -> list[str]:
        """Write all reports, and replace existing files.

        Returns:
            A message for each report that could not be written.
        """
        troubles = []
        for name, path in self._paths.items():
            try:
                text = _FORMATS[name](run, **self._options.get(name, {}))
                file_replacement.replace_file(path, text.encode())
            except Exception as error:  # noqa: BLE001 - a test may have broken anything, and the summary is yet to come
                troubles.append(f"The report {path} could not be written: {type(error).__name__}: {error}")
        return troubles

    def annotations(self, records: Sequence[TestRecord]) -> list[str]:
        """The annotations of a run, as lines for the log of a CI system."""
        if self._annotations_for is None:
            return []
        return ci_annotations.annotation_lines(records, self._annotations_for, real.environ)
