"""Takes suites apart and orders them: blocks, shards, order, and the history of earlier runs."""
