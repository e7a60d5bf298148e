"""hypothesis with the profile of this suite; without hypothesis, property tests are skipped."""

from __future__ import annotations

import os
import tempfile
import unittest
from unittest import mock

# It keeps tables of characters, which do not belong in the checkout.
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", os.path.join(tempfile.gettempdir(), "hermetic-hypothesis"))

try:
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st
except ImportError:
    # Each test is skipped. A module that raises SkipTest is understood by discovery alone, not when it is named.
    st, settings, HealthCheck = mock.MagicMock(), mock.MagicMock(), mock.MagicMock()

    def given(*_: object):  # type: ignore[no-untyped-def,misc]
        return unittest.skip("hypothesis is not installed")


# No deadline, as machines differ, and no folder with examples in the checkout.
settings.register_profile(
    "hermetic", max_examples=50, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("hermetic")
