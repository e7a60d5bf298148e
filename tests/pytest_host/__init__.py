"""Tests of hermetic._pytest_host."""
