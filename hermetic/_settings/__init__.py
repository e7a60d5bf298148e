"""The settings: their table, the places of their values, and what is in force in a run."""
