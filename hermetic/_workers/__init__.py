"""Tests that run in workers: how they are handed over, and how their reports are replayed."""
