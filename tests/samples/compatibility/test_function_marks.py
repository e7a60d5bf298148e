import pytest

from hermetic import small
from scenarios import start_process, swallow


@small
@pytest.mark.xfail(raises=AssertionError)
def test_expected_failure_that_violates():
    start_process()


@small
@pytest.mark.xfail(raises=AssertionError)
def test_expected_failure_that_swallows():
    swallow()
    raise AssertionError("as expected")


@small
@pytest.mark.xfail
def test_any_expected_failure_that_violates():
    start_process()


@small
@pytest.mark.xfail
def test_any_expected_failure_that_swallows():
    swallow()
    raise AssertionError("as expected")
