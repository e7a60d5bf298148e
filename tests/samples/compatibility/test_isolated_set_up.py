"""A function that needs what pytest has set up in its own process."""

from hermetic import isolated

FOUND = []


def setup_module():
    FOUND.append("ready")


@isolated
def test_function():
    assert FOUND == ["ready"]
