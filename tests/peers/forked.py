"""The tests of pytest-forked."""

from __future__ import annotations

from . import Peer, Tests

PEER = Peer(
    name="pytest-forked",
    version="1.7.5",
    folder="testing",
    files=("test_boxed.py", "test_xfail_behavior.py"),
    helpers=("conftest.py",),
    changes=(
        ('"--forked"', '"--hermetic-isolated"'),
        (r"config\.option\.forked", "config.option.hermetic_isolated"),
        (r"pytest\.mark\.forked", "pytest.mark.isolated"),
        (r"plugins:\* forked", "plugins:* hermetic"),
        (r"\*1 failed\*", "*1 error*"),
        (r"CRASHED with signal 15 \(SIGTERM\)", "ended by SIGTERM"),
        (r"\*CRASHED\*", "*ended by SIGTERM*"),
        ("EXITED with status 42", "ended with exit status 42"),
        (r'pytest\.param\("(sys|fd)", marks=.*\)', r'"\1"'),  # the plugin itself fails these
    ),
    differs=(
        Tests(
            "A crash under `xfail` is an error. The reason for an expected failure doesn't explain a crash.",
            (
                "test_xfail_behavior.py::test_xfail[strict xfail]",
                "test_xfail_behavior.py::test_xfail[non-strict xfail]",
            ),
            (
                ('"x"  # XFAILED', '"E"'),
                ('"xfailed"', '"error"'),
                ('"XFAIL"', '"ERROR"'),
                (r'" - " \+ reason_string', '" - hermetic.IsolationError*"'),
            ),
        ),
        Tests(
            "With `-s`, the output of a test that crashes goes to the terminal at once, as pytest's other output does.",
            ("test_boxed.py::test_functional_boxed_capturing[no]",),
        ),
        Tests(
            "Where pytest captures `sys` only, the output of a test that crashes is lost, as it is with pytest-forked."
            " By default, pytest captures file descriptors, and shows it.",
            ("test_boxed.py::test_functional_boxed_capturing[sys]",),
        ),
    ),
    quick=("test_boxed.py::test_crash_message_*", "test_xfail_behavior.py::test_xfail[strict*"),
)
