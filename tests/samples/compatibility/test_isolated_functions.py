import os
import sys
import time

import pytest
from hermetic import isolated, small
from scenarios import start_process, swallow


@isolated
def test_passes():
    assert "HERMETIC_ISOLATED" in os.environ


@isolated
def test_prints_and_fails():
    print("printed to stdout")
    print("printed to stderr", file=sys.stderr)
    os.write(1, b"written to 1\n")
    raise AssertionError("1 != 2")


@isolated
def test_errs():
    raise ValueError("broken")


@isolated
def test_skips():
    pytest.skip("for a reason")


@isolated
@pytest.mark.skip(reason="by a mark")
def test_skips_by_mark():
    raise ValueError("it ran")


@isolated
@pytest.mark.xfail(raises=ZeroDivisionError)
def test_expected_failure():
    1 / 0


@isolated
@pytest.mark.xfail(strict=True)
def test_unexpected_success():
    pass


@isolated
def test_exits():
    os._exit(0)


@isolated(timeout=1)
def test_hangs():
    time.sleep(60)


@isolated
@small
def test_violates():
    start_process()


@isolated
@small
def test_violates_and_swallows():
    swallow()


@isolated
@pytest.mark.parametrize("number", [1])
def test_passes_with_parameters(number):
    pass


@isolated
def test_passes_with_fixtures(tmp_path):
    pass


@isolated
@pytest.mark.usefixtures("tmp_path")
def test_passes_with_fixtures_around():
    pass


class TestPlainClass:
    @isolated
    def test_passes(self):
        assert "HERMETIC_ISOLATED" in os.environ

    @isolated
    def test_errs(self):
        raise ValueError("broken")


class TestWithSetUp:
    def setup_method(self):
        self.ready = True

    @isolated
    def test_passes_after_setup_method(self):
        assert self.ready
