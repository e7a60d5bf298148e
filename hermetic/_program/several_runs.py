"""Imports the options that do several runs, and the modules that take their requests in these runs."""

from __future__ import annotations

from .._studies import polluters, reproduction
from .._vary import varied_run, vary
from .._watch import watched_tests, watching

__all__ = ["polluters", "reproduction", "varied_run", "vary", "watched_tests", "watching"]
