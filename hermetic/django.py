"""The test runner for Django projects: ``TEST_RUNNER = "hermetic.django.TestRunner"`` in the settings.

``manage.py test`` then isolates tests with databases, applies ``default_size`` and the other settings of hermetic, sums
up violations, and writes reports. All options of Django's own runner work as before.
"""

from __future__ import annotations

from ._django_host.discover_runner import TestRunner, TestRunnerMixin

__all__ = ["TestRunner", "TestRunnerMixin"]
