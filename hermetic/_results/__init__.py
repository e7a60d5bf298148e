"""What is known of tests while they run: their outcomes, violations, durations and leftovers."""
