"""The judge: the one audit hook, and what the children of a test inherit."""
