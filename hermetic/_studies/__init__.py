"""Runs that study a suite: the survey, the baseline, and the search for polluters."""
