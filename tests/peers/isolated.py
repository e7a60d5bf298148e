"""The tests of pytest-isolated."""

from __future__ import annotations

from . import Peer, Tests

PEER = Peer(
    name="pytest-isolated",
    version="0.6.0",
    folder="tests",
    files=(
        "test_basic.py",
        "test_collect_only.py",
        "test_execution.py",
        "test_filtering.py",
        "test_grouping.py",
        "test_options.py",
        "test_parallelism.py",
        "test_plugin_compatibility.py",
        "test_reporting.py",
    ),
    changes=(
        (r'"--isolated"', '"--hermetic-isolated"'),
        (r"--isolated-timeout", "--hermetic-isolated-timeout"),
        (r'"--no-isolation"', '"--hermetic-no-isolation"'),
        (r'\.get\("PYTEST_RUNNING_IN_SUBPROCESS"\) == "1"', '["HERMETIC_ISOLATED"]'),
        ("PYTEST_RUNNING_IN_SUBPROCESS", "HERMETIC_ISOLATED"),
        (r'"--isolated-numprocesses=(\d)"', r'"-n\1"'),
        (r"isolated\(serial=True\)", "isolated('serial')"),
        (r'"crashed with signal" in stdout or "crashed with exit code" in stdout', '"ended by SIGABRT" in stdout'),
        (r'pytest\.importorskip\("pytest_forked"\)', ""),
        (r"pytest\.mark\.forked", "pytest.mark.isolated"),
        (r'"--forked"', '"--hermetic-isolated"'),
        (r'assert "timed out after 1" in', 'assert "of its 1 seconds" in'),
        (r'bt / "isolated-groups"', "bt"),
        ("failed=2, skipped=1", "failed=1, errors=1, skipped=1"),
    ),
    errors=(
        "test_execution.py::test_marker_timeout",
        "test_execution.py::test_subprocess_crash_during_test_execution",
        "test_execution.py::test_timeout_*",
        "test_parallelism.py::TestDrainIsolation::*",
        "test_parallelism.py::TestTimeoutIsolation::*",
        "test_parallelism.py::TestTimeoutParallel::*",
    ),
    differs=(
        Tests(
            "After a crash, the rest of a group goes on in a new process.",
            ("test_execution.py::test_subprocess_crash_with_multiple_tests_in_group",),
            (("passed=1, failed=2", "passed=2, errors=1"),),
        ),
        Tests(
            "With pytest's debugger, isolated tests run in pytest's own process, and a line says so.",
            ("test_options.py::test_pdb_with_isolated_tests",),
            (
                (r"result\.ret != 0", "result.ret == 0"),
                (r'"--(hermetic-)?no-isolation" in', '"run in this process" in'),
            ),
        ),
    ),
    left_out=(
        Tests(
            "the arguments that the plugin passes to its interpreters",
            (
                "test_reporting.py::test_capture_flag_forwarded_to_subprocess",
                "test_reporting.py::test_capture_no_disables_tee_sys*",
            ),
        ),
        Tests(
            "the plugin's own pool of processes: its speed, its interruption, `serial=True`. hermetic's items run in"
            " parallel with pytest-xdist",
            (
                "test_parallelism.py::TestCaptureDisabledWarning::test_warns_once_when_s_with_parallel",
                "test_parallelism.py::TestIniConfiguration::*",
                "test_parallelism.py::TestKeyboardInterruptPool::*",
                "test_parallelism.py::TestParallelSpeedup::*",
                "test_parallelism.py::TestSerialExclusivity::*",
            ),
        ),
    ),
    quick=("test_basic.py::*", "test_collect_only.py::test_isolated_flag_*"),
)
