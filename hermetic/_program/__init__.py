"""The command: its options, its program, and what it sets up for its runs."""
