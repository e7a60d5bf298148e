"""Warnings that a function gets instead of being shown."""

from __future__ import annotations

import warnings

import hermetic
from hermetic._patches import shown_warnings


class ShownWarningsTest(hermetic.HermeticTestCase):
    def test_a_function_is_told_the_source_of_a_warning_and_of_none_that_is_recorded(self):
        shown = []
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            with shown_warnings.warnings_shown_by(lambda warning, _: shown.append(warning)):
                warnings.warn("shown", UserWarning, stacklevel=1, source=self)
                with warnings.catch_warnings(record=True):
                    warnings.warn("recorded", UserWarning, stacklevel=1, source=self)
        self.assertEqual([(str(warning.message), warning.source) for warning in shown], [("shown", self)])

    def test_what_has_replaced_showwarning_still_shows_them(self):
        told, shown = [], []
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = lambda message, *_, **__: shown.append(str(message))
            with shown_warnings.warnings_shown_by(
                lambda warning, show: (told.append(str(warning.message)), show(warning))
            ):
                warnings.warn("text", stacklevel=1)
            warnings.warn("later", stacklevel=1)
        self.assertEqual((told, shown), (["text"], ["text", "later"]))
