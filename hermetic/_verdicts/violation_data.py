"""Turns violations and policies into plain data and back, and violations into the errors that tests see."""

from __future__ import annotations

from .._base.errors import (
    DatabaseViolationError,
    FilesystemViolationError,
    MultiprocessingViolationError,
    NetworkViolationError,
    SleepViolationError,
    SubprocessViolationError,
    TimeLimitViolationError,
    ViolationError,
)
from .._base.records import CallSite, Operation, Violation
from .._base.sizes import DATABASE, FILESYSTEM, MULTIPROCESSING, NETWORK, PROCESS, SLEEP, TIME, Size
from .._policy import decision, messages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._policy.decision import Policy

ERRORS: dict[str, type[ViolationError]] = {
    NETWORK: NetworkViolationError,
    FILESYSTEM: FilesystemViolationError,
    PROCESS: SubprocessViolationError,
    DATABASE: DatabaseViolationError,
    SLEEP: SleepViolationError,
    MULTIPROCESSING: MultiprocessingViolationError,
    TIME: TimeLimitViolationError,
}

# The types of declared fields. A port is whatever the caller passed, and some code has no line number.
_NUMBERS = (int, bool, str, type(None))
_FIELD_TYPES = {"str": (str,), "bool": (bool,), "int | None": _NUMBERS, "int": _NUMBERS}


def violation_error(violation: Violation, text: str = "") -> ViolationError:
    """Make the error of a violation.

    Args:
        text: the text of the error, which may describe further violations; by default, that of this one.
    """
    return ERRORS[violation.operation.kind](violation, text or messages.violation_text(violation))


def violation_fields(violation: Violation) -> dict[str, Any]:
    """Return a violation as plain data."""
    parts = {"operation": violation.operation._asdict(), "site": violation.site._asdict()}
    return {**violation._asdict(), **parts}


def violation_of(fields: Any) -> Violation:
    """Make a violation from plain data that another process has sent.

    Raises:
        ValueError: the data is no violation.
    """
    try:
        parts = {"operation": _record_of(Operation, fields["operation"]), "site": _record_of(CallSite, fields["site"])}
        violation: Violation = _record_of(Violation, {**fields, **parts})
        ERRORS[violation.operation.kind], messages.violation_text(violation)  # fail here, not when it is reported
    except (TypeError, KeyError) as error:
        raise ValueError(f"it is not a violation: {error}") from error
    return violation


def _record_of(cls: Any, fields: dict[str, Any]) -> Any:
    if type(fields) is not dict:
        raise TypeError(f"{fields!r:.50} is no {cls.__name__}")
    for name, value in fields.items():
        declared = cls.__annotations__[name]
        if type(value) not in _FIELD_TYPES.get(declared, (type(value),)):
            raise TypeError(f"{name} is no {declared}")
    return cls(**fields)


def policy_fields(policy: Policy | None) -> dict[str, Any] | None:
    """Return a policy as plain data."""
    if policy is None:
        return None
    return {
        "size": policy.size.value,
        "mode": policy.mode,
        "allowed": [[*entries] for entries in policy.allowance],
        "forbid": [*policy.forbid],
    }


def policy_of(fields: dict[str, Any] | None) -> Policy | None:
    """Make a policy from plain data."""
    if fields is None:
        return None
    allowance = decision.Allowance(*map(tuple, fields["allowed"]))
    return decision.Policy(Size(fields["size"]), allowance, fields["mode"], tuple(fields["forbid"]))
