"""The option ``--watch``: reruns the tests that a change affects."""
