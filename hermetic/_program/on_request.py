"""Loads what a program needs only if an option, a setting or Bazel asks for it: most runs do without.

Files that must not load these modules reach them through this one (``run_setup.on_request``).
"""

from __future__ import annotations

from .._studies import listing
from .._suites import expressions, order, report_merge, selection
from . import bazel, explanations, repetition

__all__ = ["bazel", "explanations", "expressions", "listing", "order", "repetition", "report_merge", "selection"]
