"""Tests of what Django loads: its test command with hermetic's runner, and databases in workers."""
