"""Reports of a run, each a function of its records: records in, text out.

    records       what is known of a run: one plain record for each test, and each fixture that has something to say
    files         where reports are written: checked before the run, replaced in one step after it
    json_report, junit_report, html_report, warnings_report, ci_annotations
                  one format each

They are loaded only for a run that is asked for one.
"""

from __future__ import annotations
