"""Files with isolated items of pytest of every kind, of every outcome, and with every way to end a process."""

from __future__ import annotations

import re

COMMON = """
    import asyncio, os, pathlib, subprocess, sys, threading, time, unittest, warnings
    import pytest
    import hermetic

    def is_isolated():
        return "HERMETIC_ISOLATED" in os.environ
"""
KINDS = {
    "conftest.py": """
        import os, pytest

        @pytest.fixture(scope="session")
        def log(tmp_path_factory):
            path = tmp_path_factory.getbasetemp() / "log"
            def note(what):
                with path.open("a") as file:
                    file.write(f"{what} {os.getpid()}\\n")
            note("set up")
            yield note
            note("torn down")
    """,
    "test_kinds.py": COMMON
    + """
    @pytest.fixture(scope="module", params=["a", "b"])
    def module_fixture(request, log):
        yield request.param

    @pytest.fixture(autouse=True)
    def automatic(monkeypatch): monkeypatch.setenv("AUTOMATIC", "1")

    def test_in_session(log): assert not is_isolated()

    @pytest.mark.isolated
    @pytest.mark.parametrize("n", [1, 2])
    def test_parameters(n, module_fixture, tmp_path, capsys, caplog, monkeypatch):
        assert is_isolated() and module_fixture in "ab" and os.environ["AUTOMATIC"]
        print(n)
        assert capsys.readouterr().out == f"{n}\\n"
        (tmp_path / "file").write_text("text")

    @hermetic.isolated
    def test_mark_of_hermetic(log): assert is_isolated()

    @hermetic.isolated("group")
    def test_group_1(log): os.environ["GROUP"] = "1"

    @pytest.mark.isolated("group")
    def test_group_2(log):
        assert os.environ.pop("GROUP") == "1"

    @pytest.mark.isolated
    class TestClass:
        @classmethod
        def setup_class(cls): cls.pid = os.getpid()
        def setup_method(self): self.value = 1
        def test_1(self): assert is_isolated() and self.pid == os.getpid() and self.value
        def test_2(self): assert self.pid == os.getpid()

    @pytest.mark.isolated
    class CaseTest(unittest.TestCase):
        @classmethod
        def setUpClass(cls): cls.pid = os.getpid()
        def test_1(self): self.assertTrue(is_isolated() and self.pid == os.getpid())
        def test_2(self): self.assertEqual(self.pid, os.getpid())
        @unittest.expectedFailure
        def test_expected(self): self.fail()

    class AsyncTest(unittest.IsolatedAsyncioTestCase):
        @hermetic.isolated
        async def test_async(self): self.assertTrue(is_isolated())

    @pytest.mark.isolated
    @pytest.mark.skipif(True, reason="not today")
    def test_skipped(): pass

    @pytest.mark.isolated
    @pytest.mark.xfail(reason="known")
    def test_xfail(): assert is_isolated() is None

    def test_in_session_again(log): assert "GROUP" not in os.environ

    @pytest.mark.isolated
    def test_log(log, tmp_path_factory):
        lines = [line.rsplit(" ", 1) for line in (tmp_path_factory.getbasetemp() / "log").read_text().splitlines()]
        pids = [pid for what, pid in lines if what == "set up"]
        assert len(set(pids)) == len(pids) > 5, lines
        session = pids[0]
        assert session != str(os.getpid()) and [what for what, pid in lines if pid == session] == ["set up"], lines
    """,
    "test_module.py": COMMON
    + """
    pytestmark = [hermetic.isolated]
    def test_1(): sys.path.append("gone")
    def test_2():
        assert is_isolated()
        sys.path.remove("gone")
    """,
    "test_doctest.txt": ">>> import os\n>>> 'HERMETIC_ISOLATED' in os.environ\nFalse\n",
}
REPORTS = {
    "test_reports.py": COMMON
    + """
    @pytest.fixture
    def printing():
        print("printed in set-up")
        yield
        print("printed in tear-down")

    @pytest.fixture
    def failing(printing): raise KeyError("set-up")

    @pytest.mark.{0}
    class TestReports:
        def test_assertion(self, printing):
            print("printed in the call", file=sys.stderr)
            os.write(1, b"written to 1\\n")
            assert {{"a": [1, 2]}} == {{"a": [1, 3]}}
        def test_cause(self):
            try:
                1 / 0
            except ZeroDivisionError as error:
                raise ValueError("second") from error
        def test_warns(self): warnings.warn("a warning", FutureWarning)
        def test_property(self, record_property): record_property("place", ("a", 1))
        def test_skips(self): pytest.skip("inside")
        def test_xfails(self): pytest.xfail("inside")
        def test_set_up_fails(self, failing): pass
        def test_subtests(self, subtests):
            for n in (1, 2):
                with subtests.test(n=n):
                    assert n == 1
    """
}
ENDS = {
    "test_ends.py": COMMON
    + """
    def test_aborts():
        print("printed before")
        os.abort()
    def test_exits(): os._exit(0)
    @pytest.mark.xfail
    def test_exits_under_xfail(): os._exit(3)
    def test_closes():
        os.closerange(3, 2000)
    @pytest.fixture
    def ending(): os._exit(4)
    def test_set_up_exits(ending): pass
    @pytest.fixture
    def ending_late():
        yield
        os._exit(5)
    def test_tear_down_exits(ending_late): pass
    @pytest.mark.isolated(timeout=0.5)
    def test_hangs(): time.sleep(60)
    def test_forks():
        if os.fork() == 0:
            return
        os.wait()
    def test_leaks(): os.environ["LEFT"] = "1"
    def test_leaves(): subprocess.Popen(["sleep", "60"])
    def test_exit_handler():
        import atexit
        atexit.register(os._exit, 6)
    @pytest.mark.small
    def test_violates():
        try:
            subprocess.run(["true"])
        except Exception:
            pass
    @pytest.mark.isolated("g")
    def test_group_aborts(): os.abort()
    @pytest.mark.isolated("g")
    def test_group_goes_on(): pass
    def test_raises_system_exit(): raise SystemExit(0)
    """
}
FINE = {"test_group_goes_on"}
FAILING = {"test_raises_system_exit"}


def without_numbers(output: str) -> str:
    """What pytest printed, without what differs between two runs, or between isolated items and others."""
    differing = r"\d+\.\d+|isolated\S*|plain|0x\w+|\d\d:\d\d:\d\d\S*|hermetic-test-\w+|hostname=\S+"
    return "\n".join(line.rstrip("= ") for line in re.sub(differing, "", output).splitlines())
