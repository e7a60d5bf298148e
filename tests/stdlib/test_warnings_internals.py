"""The warnings module keeps its filters and sources where hermetic reads them."""

from __future__ import annotations

import warnings

import hermetic
from hermetic._stdlib import warnings_internals


class FiltersTest(hermetic.HermeticTestCase):
    def test_the_filters_of_warnings_are_five_parts_each_the_newest_first(self):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "text", UserWarning, "module", 7)
            action, message, category, module, line = warnings_internals.warning_filters()[0]
        self.assertEqual((action, message.pattern, category, module.pattern), ("ignore", "text", UserWarning, "module"))
        self.assertEqual(line, 7)


class AllocationTest(hermetic.HermeticTestCase):
    def test_where_the_source_was_allocated_is_what_is_shown_because_of_it(self):
        shown = warnings.WarningMessage("text", ResourceWarning, "x.py", 1, source=self)
        self.assertRegex(warnings_internals.allocation_of(shown), "^(ResourceWarning: Enable|Object allocated at)")
