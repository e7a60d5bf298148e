"""The reports of a run; each is a function that turns the records of the run into text.

    test_records     the plain data: a record for each test, and for each fixture that fails or is skipped
    report_writer    checks the paths of the requested reports before the run, and writes the reports after it
    json_report, junit_report, html_report, ci_annotations
                     one format each

Only runs that write a report load these files.
"""

from __future__ import annotations
