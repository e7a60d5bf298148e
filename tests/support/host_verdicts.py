"""Reads the outcomes of tests from the output of any host, and compares them with the expected ones.

parse_...()   the output of a host -> entries: one for each outcome that it shows
problems()    entries and the tests that should have run -> what is wrong, in words
"""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field

OK, SKIP, XFAIL, XPASS, FAILURE, ERROR = "ok", "skip", "xfail", "xpass", "failure", "error"
VIOLATION = re.compile(r"\[H00\d\] \w+ violation: \w+ test (?P<test>\w+ \([\w.]+\)|\S+)")


@dataclass(frozen=True)
class Entry:
    """One outcome of one test.

    Attributes:
        test: ``module.Class.method``; for what is no test, the host's name of it.
        kind: ``OK`` and so on.
        text: the traceback, or the reason.
    """

    test: str
    kind: str
    text: str = field(default="", repr=False)

    @property
    def is_violation(self) -> bool:
        return VIOLATION.search(self.text) is not None

    @property
    def names(self) -> set[str]:
        """The tests that the violations in the text name."""
        return {match["test"] for match in VIOLATION.finditer(self.text)}


def problems(entries: list[Entry], tests: list[str], *, last_only: bool = False) -> list[str]:
    """What is wrong with a host's verdicts; nothing, if each violation is one error of its test and no more.

    Args:
        entries: what the host says.
        tests: the ids of the tests that should have run.
        last_only: whether the host shows but the last outcome of a test.
    """
    found = [f"{entry.test}: not asked for" for entry in entries if _is_test(entry.test) and entry.test not in tests]
    for test in tests:
        own = [entry for entry in entries if entry.test == test]
        problem = _problem(test, own, last_only=last_only)
        if problem:
            found.append(f"{test}: {problem}")
    return found


def _problem(test: str, entries: list[Entry], *, last_only: bool) -> str:
    method = test.rpartition(".")[2].partition("[")[0]
    kinds = [entry.kind for entry in entries]
    expected = next((kind for prefix, kind in _HARMLESS.items() if re.fullmatch(prefix, method)), None)
    if expected:
        return "" if kinds == [expected] else f"expected {[expected]}, not {kinds}"
    violations = [entry for entry in entries if entry.is_violation]
    others = [entry.kind for entry in entries if not entry.is_violation]
    allowed = {1 if method in _FAIL_TOO else 0, *([0] if last_only else [])}
    if len(violations) != 1 or len(others) not in allowed or not {ERROR, FAILURE}.issuperset(others):
        return f"expected 1 violation and {max(allowed)} more, not {len(violations)} and {others}"
    if violations[0].kind not in (ERROR, FAILURE):
        return f"the violation is shown as {violations[0].kind}"
    if violations[0].names != {test.partition("[")[0]}:
        return f"the violation names {violations[0].names}"
    return ""


_HARMLESS = {r"test_clean\w*": OK, r"test_skip\w*": SKIP, r"test_expected_failure": XFAIL}
_FAIL_TOO = ("test_then_fails", "test_then_expectation_fails", "test_set_up_that_fails_too")


def _is_test(name: str) -> bool:
    return re.fullmatch(r"test_\w+\.[\w.]+(\[.*\])?", name) is not None


# --- unittest's text, and that of its descendants

_SECTION = re.compile(
    r"^={60,79}\n(?:(ERROR|FAIL|UNEXPECTED SUCCESS): )?(.*)\n-{60,79}\n((?s:.*?))"
    r"(?=^={60,79}\n|^-{60,79}\n|^Ran \d|\Z)",
    re.MULTILINE,
)
_PROGRESS = re.compile(
    r"(\S+(?: \([\w.]+\))?) \.\.\. (ok|skipped\b.*|expected failure|unexpected success)$", re.MULTILINE
)
_PROGRESS_KINDS = {"ok": OK, "sk": SKIP, "ex": XFAIL, "un": XPASS}


def parse_text(text: str) -> list[Entry]:
    """The verbose output of unittest's text runner: progress lines, and a section for each error."""
    entries = [
        Entry(_test_id(name), _PROGRESS_KINDS[outcome[:2]], outcome) for name, outcome in _PROGRESS.findall(text)
    ]
    kinds = {"ERROR": ERROR, "FAIL": FAILURE, "UNEXPECTED SUCCESS": XPASS, "": ERROR}  # unittest-parallel gives none
    return entries + [Entry(_test_id(name), kinds[kind], body) for kind, name, body in _SECTION.findall(text)]


def _test_id(description: str) -> str:
    """``test_a (module.Class.test_a) [subtest]``, before 3.11 ``test_a (module.Class)``, as an id."""
    method, _, rest = description.partition(" (")
    place = rest.partition(")")[0]
    if not method.startswith("test_") or not place or "=" in place:
        return description if place and "=" not in place else method.partition(" ")[0]
    return place if place.endswith("." + method) else f"{place}.{method}"


# --- trial

_TRIAL_PROGRESS = re.compile(r"^(test_[\w.]+) \.\.\. (.*)$", re.MULTILINE)
_TRIAL_SECTION = re.compile(r"^={60,79}\n\[(ERROR|FAIL)\]\n((?s:.*?))(?=^={60,79}\n|^-{60,79}\nRan )", re.MULTILINE)


def parse_trial(text: str) -> list[Entry]:
    """The output of trial's ``bwverbose`` reporter; a section ends with the tests that it stands for."""
    kinds = {"OK": OK, "SKIPPED": SKIP, "TODO": XFAIL, "SUCCESS!?!": XPASS}
    entries = [
        Entry(test, kinds[word], word)
        for test, outcome in _TRIAL_PROGRESS.findall(text)
        for word in re.findall(r"\[(.*?)\]", outcome)
        if word in kinds
    ]
    for kind, body in _TRIAL_SECTION.findall(text):
        sharing = re.findall(r"^test_\w+\.[\w.]+$", body, re.MULTILINE)
        entries += [Entry(test, ERROR if kind == "ERROR" else FAILURE, body) for test in sharing]
    return entries


# --- JUnit XML, of pytest


def parse_junit(path: str) -> list[Entry]:
    """The report of a host that writes JUnit XML."""
    entries = []
    for case in ET.parse(path).getroot().iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}".lstrip(".")
        children = [child for child in case if child.tag in ("failure", "error", "skipped")]
        if not children:
            entries.append(Entry(name, OK))
        for child in children:
            text = f"{child.get('message') or ''}\n{child.text or ''}"
            kind = {"failure": FAILURE, "error": ERROR, "skipped": SKIP}[child.tag]
            entries.append(Entry(name, XFAIL if child.get("type") == "pytest.xfail" else kind, text))
    return entries


# --- green

_GREEN_SECTION = re.compile(
    r"^(Error|Failure|Unexpected success) in (\S+)(?: .*)?\n((?s:.*?))"
    r"(?=^(?:Error|Failure|Unexpected success|Skipped|Captured \w+) (?:in|for) |^Ran \d)",
    re.MULTILINE,
)


def parse_green(text: str) -> list[Entry]:
    """Green's own text (``-vv``): its JUnit report leaves expected failures and the modules' names out."""
    kinds = {".": OK, "s": SKIP, "x": XFAIL, "u": XPASS}
    entries, module, case = [], "", ""
    for line in text.partition("\n\n")[0].splitlines():
        if re.fullmatch(r"[\w.]+", line):
            module = line
        elif re.fullmatch(r"  \w+", line):
            case = line.strip()
        elif line[:1] in kinds and line[1:4] == "   ":
            entries.append(Entry(f"{module}.{case}.{line[4:].split()[0]}", kinds[line[0]], line))
    for kind, test, body in _GREEN_SECTION.findall(text):
        entries.append(Entry(test, {"Error": ERROR, "Failure": FAILURE}.get(kind, XPASS), body))
    return entries


# --- subunit, of stestr


def parse_subunit(stream: bytes) -> list[Entry]:
    """A subunit version 1 stream, which is what stestr keeps."""
    import subunit
    from testtools.testresult.doubles import ExtendedTestResult

    result = ExtendedTestResult()
    subunit.ProtocolTestCase(io.BytesIO(stream), passthrough=io.BytesIO()).run(result)
    kinds = {
        "addSuccess": OK,
        "addSkip": SKIP,
        "addExpectedFailure": XFAIL,
        "addUnexpectedSuccess": XPASS,
        "addFailure": FAILURE,
        "addError": ERROR,
    }
    entries = []
    for name, test, *rest in (event for event in result._events if event[0] in kinds):
        details = rest[0] if rest and isinstance(rest[0], dict) else {}
        entries.append(Entry(test.id(), kinds[name], "".join(content.as_text() for content in details.values())))
    return entries
