"""Runs the tests in changed surroundings, and names what each depends on (``--vary``)."""
