"""The reports of a run; each is a function that turns the records of the run into text.

    test_records     the plain data: a record for each test, and for each fixture that fails or is skipped
    report_output    checks the path of a report before the run, and replaces the file in one step after it
    report_writer    writes the requested reports
    json_report, junit_report, html_report, warnings_report, ci_annotations
                     one format each

Only runs that write a report load these files.
"""

from __future__ import annotations
