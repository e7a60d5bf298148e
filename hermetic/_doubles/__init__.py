"""Doubles: stand-ins for what a test must not use. So far there is one, of the subprocess module."""
