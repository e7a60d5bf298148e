"""Loads the searches that an option asks for instead of a run, and what a run that is a part of one needs."""

from __future__ import annotations

from .._studies import polluters, reproduction
from .._vary import varied_run, vary

__all__ = ["polluters", "reproduction", "varied_run", "vary"]
