"""The settings: their table, where their values come from, and the record of them all."""
