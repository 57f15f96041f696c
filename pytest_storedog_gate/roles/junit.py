"""The run in JUnit XML, in datadog-ci's vocabulary, through pytest's own writer.

The controller adds test cases of its own: pytest's writer takes reports, so it is given reports.
They go to that writer alone, since the terminal would count them as tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_storedog_gate.datadog.models import Result

Properties = list[tuple[str, object]]
Kind = Literal["passed", "failure", "error"]
_PHASES: tuple[Literal["setup", "call", "teardown"], ...] = ("setup", "call", "teardown")


def properties(result: Result) -> Properties:
    """One result's properties, with the copies that `datadog-ci junit upload` turns into tags."""
    known = {
        "public_id": result.public_id,
        "result_id": result.result_id,
        "initial_result_id": result.initial_result_id,
        "result_url": result.result_url,
        "batch_id": result.batch_id,
        "location": result.location,
        "device": result.device,
        "execution_rule": result.execution_rule,
        "status": result.status.value,
        "retries": result.retries,
        "max_retries": result.max_retries,
        "timeout": result.timed_out,
        "type": result.type,
    }
    shown = [(name, _text(value)) for name, value in known.items() if value != ""]
    tagged = ("public_id", "result_id", "result_url", "batch_id", "location", "device")
    tags = [(f"dd_tags[synthetics.{name}]", value) for name, value in shown if name in tagged]
    return [*shown, *tags]


def add_case(  # noqa: PLR0913  # a test case has that many parts
    config: pytest.Config,
    node_id: str,
    kind: Kind,
    *,
    text: str = "",
    seconds: float = 0.0,
    properties: Iterable[tuple[str, object]] = (),
) -> None:
    """Adds one test case, where a JUnit file is written at all."""
    failing = {"passed": None, "failure": "call", "error": "setup"}[kind]
    path, _, name = node_id.partition("::")
    for writer in config.pluginmanager.get_plugins():
        # pytest's writer has no public name; this method is what marks it.
        if not hasattr(writer, "add_global_property"):
            continue
        for when in _PHASES:
            report = pytest.TestReport(
                nodeid=node_id,
                location=(path, None, name),
                keywords={},
                outcome="failed" if when == failing else "passed",
                longrepr=text if when == failing else None,
                when=when,
                duration=seconds if when == "call" else 0.0,
                user_properties=[(key, _text(value)) for key, value in properties],
            )
            if not (when == "call" and failing == "setup"):
                writer.pytest_runtest_logreport(report)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
