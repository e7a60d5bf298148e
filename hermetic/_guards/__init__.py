"""The judge of what tests do, the audit hook that asks it, and what the children of a test inherit."""
