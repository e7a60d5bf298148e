"""What Django loads, and what Django's tests need in workers. The core knows none of it."""
