"""The tests of pytest-test-categories."""

from __future__ import annotations

from . import Peer, Tests

_CONFTEST = '''
import textwrap

import pytest

pytest_plugins = ["pytester"]


def make_settings(pytester, text):
    """Write settings where both pytest and hermetic read them."""
    (pytester.path / "setup.cfg").write_text(textwrap.dedent(text).replace("[pytest]", "[tool:pytest]"))


pytest.Pytester.make_settings = make_settings
'''

PEER = Peer(
    name="pytest-test-categories",
    version="1.2.2",
    folder="tests",
    files=(
        "test_base_classes_feature.py",
        "test_categorization_feature.py",
        "test_network_restriction_feature.py",
        "integration/it_end_to_end.py",
        "integration/it_hermeticity_summary.py",
        "integration/it_network_blocking_hooks.py",
        "integration/it_plugin_integration.py",
        "integration/it_process_blocking_hooks.py",
        "integration/it_xdist_compatibility.py",
    ),
    helpers=("__init__.py", "integration/__init__.py"),
    conftest=_CONFTEST,
    changes=(
        # names and settings
        (r"from pytest_test_categories\.distribution\.stats import .*", ""),
        (
            r"from pytest_test_categories\.exceptions import NetworkAccessViolationError",
            "from hermetic import NetworkViolationError",
        ),
        ("NetworkAccessViolationError", "NetworkViolationError"),
        ("HermeticityViolationError", "ViolationError"),
        (r"pytester\.makeini\(", "pytester.make_settings("),
        (r"\[pytest\]\n( *)test_categories_enforcement = ", r"[tool:hermetic]\n\1mode = "),
        ("--test-categories-enforcement", "--hermetic-mode"),
        # base classes
        (r"from pytest_test_categories(\.test_bases)? import .*Test\b", "import hermetic"),
        (r"class TestExample\(SmallTest\)", "@hermetic.small\n            class TestExample"),
        (r"class TestExample\(MediumTest\)", "@hermetic.medium\n            class TestExample"),
        (r"class TestExample\(LargeTest\)", "@hermetic.large\n            class TestExample"),
        (r"class TestExample\(XLargeTest\)", "@hermetic.xlarge\n            class TestExample"),
        (r"class TestExample\(\{test_size\}Test\)", "@hermetic.{test_size.lower()}\n        class TestExample"),
        # the summary
        ("Hermeticity Violation Summary", "= hermetic ="),
        ("enforcement: warn", "warnings: H001"),
        ("enforcement: strict", "violations: H001"),
        ("'Network:' in", "'H001 network:' in"),
        ("'Sleep:' in", "'H005 sleep:' in"),
        (r"'failed' in stdout\.lower\(\)", "'error' in stdout.lower()"),
    ),
    errors=(
        "it_hermeticity_summary.py::*::it_shows_summary_when_violations_occur_in_strict_mode",
        "it_network_blocking_hooks.py::*::it_blocks_*",
        "it_process_blocking_hooks.py::DescribeProcessBlockingForSmallTests::it_blocks_*",
        "it_process_blocking_hooks.py::*::it_restores_subprocess_after_violation_error",
    ),
    differs=(
        Tests(
            "The ids of tests stay as they are. `-m small` selects by size.",
            (
                "it_end_to_end.py::DescribeBaseClassWorkflow::*",
                "it_end_to_end.py::DescribeCompleteWorkflow::it_runs_complete_workflow_with_mixed_sizes",
                "it_end_to_end.py::DescribeEdgeCaseWorkflows::it_handles_all_tests_same_size",
                "it_end_to_end.py::DescribeFixtureWorkflow::it_works_with_fixtures",
                "it_end_to_end.py::DescribeMultiFileWorkflow::*",
                "it_end_to_end.py::DescribeNestedClassWorkflow::*",
                "it_end_to_end.py::DescribeParametrizedTestWorkflow::*",
                "it_end_to_end.py::DescribeVerbosityLevels::it_works_with_verbose_mode",
                "it_plugin_integration.py::*::it_appends_size_labels_to_test_ids",
                "test_base_classes_feature.py::*",
                "test_categorization_feature.py::*::it_applies_*",
                "test_categorization_feature.py::*::it_handles_nested_test_classes",
                "test_categorization_feature.py::*::it_recognizes_*",
            ),
            (
                (r"'\[(SMALL|MEDIUM|LARGE|XLARGE)\]'", "'PASSED'"),
                ("expected_label in", "'PASSED' in"),
                (r" \\\[\{size\}\\\]", ""),
                ("'Distribution Summary'", "'passed'"),
            ),
        ),
        Tests(
            "The summary doesn't count the tests of each size. hermetic's own runner does.",
            (
                "it_end_to_end.py::*::it_handles_distribution_warnings",
                "it_plugin_integration.py::*::it_displays_distribution_summary",
                "it_plugin_integration.py::*::it_maintains_state_across_collection_and_execution",
                "it_xdist_compatibility.py::DescribeXdistDistributionModes::*",
                "it_xdist_compatibility.py::DescribeXdistLoadGroupDistribution::*",
                "it_xdist_compatibility.py::DescribeXdistSpecificWorkerCounts::*",
                "it_xdist_compatibility.py::DescribeXdistWithEnforcementModes::it_aggregates_*",
                "it_xdist_compatibility.py::DescribeXdistWorkerCounts::*",
                "it_xdist_compatibility.py::DescribeXdistWorkerFailures::*",
            ),
            (
                (r"'(Test Suite )?Distribution Summary'", "'passed'"),
                (r"assert '(Small|Medium|Large|\d tests?)' in stdout.*", ""),
            ),
        ),
        Tests(
            "A violation that the test catches is still an error.",
            (
                "test_network_restriction_feature.py::*::it_blocks_medium_tests_from_external_hosts",
                "test_network_restriction_feature.py::*::it_blocks_small_tests_from_*",
            ),
            (("passed=1", "errors=1"),),
        ),
        Tests(
            "The default mode is `strict`.",
            ("it_process_blocking_hooks.py::*::it_defaults_to_off_enforcement_for_process",),
            (("passed=1", "errors=1"),),
        ),
        Tests(
            "Small tests may use files, databases and sleep until `forbid` names them.",
            (
                "it_hermeticity_summary.py::*::it_shows_counts_by_violation_type",
                "it_process_blocking_hooks.py::DescribeCombinedResourceBlocking::*",
            ),
            (
                ("mode = (warn|strict)", r"mode = \1\n            forbid = filesystem, sleep"),
                ("failed=3", "errors=3"),
            ),
        ),
        Tests(
            "The nearest size wins: that of the method, or of the first base class.",
            (
                "test_categorization_feature.py::*::it_raises_error_when_method_and_class_have_different_size_markers",
                "test_categorization_feature.py::*::it_raises_error_when_test_inherits_multiple_size_markers",
            ),
            (
                (r"result\.ret != 0", "result.ret == 0"),
                (r"result\.stderr\.fnmatch_lines\(.*\)", "result.assert_outcomes(passed=1)"),
            ),
        ),
        Tests(
            "Two sizes on the same function are an error of the test, not of the session.",
            (
                "it_plugin_integration.py::*::it_handles_marker_errors_gracefully",
                "test_categorization_feature.py::*::it_raises_error_when_test_has_multiple_size_markers",
            ),
            (
                (r"result\.stderr", "result.stdout"),
                (
                    r"\*Test cannot have multiple size markers: small, medium\*",
                    "*has more than one size: @medium, @small*",
                ),
                ("multiple size markers", "has more than one size"),
            ),
        ),
        Tests(
            "A test without a size is no reason for a warning. `default_size` gives all tests a size.",
            (
                "it_end_to_end.py::*::it_handles_missing_markers",
                "test_categorization_feature.py::*::it_warns_when_test_has_no_size_marker",
            ),
        ),
        Tests(
            "In mode `warn`, what to do instead is in the page that `--explain` shows, not in the summary.",
            ("it_hermeticity_summary.py::*::it_shows_remediation_guidance",),
        ),
        Tests(
            "A slow test is an error with `time_limits = strict`, and a warning by default.",
            ("it_xdist_compatibility.py::*::it_catches_timing_violations_on_any_worker",),
            (
                ("'-n', '2'", "'-n', '2', '--hermetic-time-limits=strict'"),
                ("failed=1", "errors=1"),
                ("'exceeded time limit' in", "'time violation' in"),
            ),
        ),
    ),
    left_out=(
        Tests(
            "the plugin's reports on sizes. hermetic's own runner has reports",
            (
                "it_end_to_end.py::*::it_runs_workflow_with_*",
                "it_plugin_integration.py::*::it_displays_basic_report_when_requested",
                "it_plugin_integration.py::*::it_displays_detailed_report_when_requested",
                "it_xdist_compatibility.py::DescribeXdistDistributionAggregation::*",
                "it_xdist_compatibility.py::DescribeXdistJsonReporting::*",
                "it_xdist_compatibility.py::DescribeXdistOutputDeduplication::it_shows_*",
            ),
        ),
        Tests("the plugin's own classes", ("test_network_restriction_feature.py::DescribeNetworkModeEnum::*",)),
    ),
    quick=("it_process_blocking_hooks.py::*::it_blocks_os_*", "test_categorization_feature.py::*::it_raises_*"),
)
