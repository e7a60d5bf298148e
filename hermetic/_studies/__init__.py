"""Runs that find something out: the survey, the baseline, and what makes a test fail."""
