"""What a test may do: the decision on one operation, the exceptions to it, and the message of a violation."""
