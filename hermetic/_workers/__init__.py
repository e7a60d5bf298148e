"""Tests that run elsewhere: how they are handed to workers, and how their reports are replayed."""
