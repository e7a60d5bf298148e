"""Every private name of the standard library that hermetic relies on, by subject."""
