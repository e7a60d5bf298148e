"""The option ``--watch``: runs again the tests that a change affects."""
