"""Isolation: workers that run tests in processes of their own, and the process that supervises them."""
