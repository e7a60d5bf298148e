"""Patches of multiprocessing: how processes start, what children are told, and how failed workers are reported."""
