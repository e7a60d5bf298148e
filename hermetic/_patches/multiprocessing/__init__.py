"""Patches of multiprocessing: how processes start, what children are told, and what becomes of those that fail."""
