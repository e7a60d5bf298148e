"""Suites taken apart and put in order: blocks, shards, order, and the history that orders them."""
