import pytest

from hermetic import medium, small
from scenarios import name_remote_address, start_process, swallow


@small
def test_clean(tmp_path):
    assert tmp_path.is_dir()


@small
@pytest.mark.parametrize("number", [1, 2])
def test_clean_parametrized(number):
    assert number


@pytest.mark.parametrize("number", [1, 2])
@small
def test_clean_parametrized_above(number):
    assert number


@medium
def test_clean_medium():
    start_process()


def test_clean_unmarked():
    start_process()


@small
@pytest.mark.skip("always")
def test_skipped():
    start_process()


@small
@pytest.mark.xfail(strict=True)
def test_expected_failure():
    raise AssertionError("as expected")


@small
def test_raised():
    start_process()


@small
def test_swallowed_in_body():
    swallow()


@small
@pytest.mark.parametrize("number", [1])
def test_swallowed_parametrized(number):
    swallow()


@small
def test_swallowed_by_raises():
    with pytest.raises(Exception):
        start_process()


@small
def test_then_skips():
    swallow()
    pytest.skip("after the violation")


@small
def test_then_fails():
    swallow()
    raise AssertionError("after the violation")


@medium
def test_swallowed_by_remote_address():
    swallow(name_remote_address)


class TestMarkedMethods:
    @small
    def test_clean(self, tmp_path):
        assert tmp_path.is_dir()

    @small
    def test_swallowed_in_body(self):
        swallow()

    @medium
    def test_clean_medium(self):
        start_process()


@small
class TestMarkedClass:
    def test_clean(self):
        pass

    def test_swallowed_in_body(self):
        swallow()
