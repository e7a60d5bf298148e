"""The page on the JSON schema describes only fields that reports have."""

from __future__ import annotations

import os
import re

from hermetic import medium
from support import ROOT
from support.report_runs import SampleReportCase, fields_of


@medium
class SchemaPageTest(SampleReportCase):
    def test_every_field_that_is_documented_is_in_reports(self):
        with open(os.path.join(ROOT, "docs", "reference", "json-schema.md"), encoding="utf-8") as file:
            cells = re.findall(r"^\| (`[^|]+) \|", file.read(), re.MULTILINE)
        described = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
        self.assertEqual(described - fields_of(self.report), set())
