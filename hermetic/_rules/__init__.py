"""Which test is held to what: its marks, its policy, its isolation group."""
