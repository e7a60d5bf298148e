"""The command: its options, its program, and the set-up of its runs."""
