"""Keeps violations from the scope in which they happened until they are reported."""
