"""Decides what a test may do: the decision on one operation, its exceptions, and the message of a violation."""
