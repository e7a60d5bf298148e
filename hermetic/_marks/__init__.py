"""The public marks: sizes, exceptions, isolation, and guard() for code outside of tests."""
