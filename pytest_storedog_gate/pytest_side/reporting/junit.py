"""The run in JUnit XML, in datadog-ci's vocabulary, through pytest's own writer.

The controller adds test cases of its own: pytest's writer takes reports, so it is given reports.
They go to that writer alone, since the terminal would count them as tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pytest

from pytest_storedog_gate.outlets.plain_text import long_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_storedog_gate.datadog.models import Result
    from pytest_storedog_gate.secrets.masking import Masker

Properties = list[tuple[str, object]]
Kind = Literal["passed", "failure", "error"]
_PHASES: tuple[Literal["setup", "call", "teardown"], ...] = ("setup", "call", "teardown")


def properties(result: Result) -> Properties:
    """One result's properties, with the copies that `datadog-ci junit upload` turns into tags."""
    known = {
        "public_id": result.public_id,
        "test_name": result.name,
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


class Writers:
    """What writes the JUnit files; kept, as pytest lets go of it when the session ends."""

    def __init__(self, config: pytest.Config) -> None:
        # pytest's writer has no public name; this method is what marks it.
        plugins = config.pluginmanager.get_plugins()
        self._writers: list[Any] = [p for p in plugins if hasattr(p, "add_global_property")]

    def mask_recorded(self, mask: Masker) -> None:
        """Masks what tests have recorded for the whole suite."""
        for writer in self._writers:
            writer.global_properties[:] = mask.document(writer.global_properties)

    def add_case(
        self,
        node_id: str,
        kind: Kind,
        *,
        text: str = "",
        seconds: float = 0.0,
        properties: Iterable[tuple[str, object]] = (),
    ) -> None:
        """Adds one test case, where a JUnit file is written at all; `text` is harmless already."""
        failing = {"passed": None, "failure": "call", "error": "setup"}[kind]
        path, _, name = node_id.partition("::")
        for when in _PHASES:
            if when == "call" and failing == "setup":
                continue
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
            for writer in self._writers:
                writer.pytest_runtest_logreport(report)

    def write_again(self) -> None:
        """Writes the files once more, with what was added since. Raises OSError."""
        for writer in self._writers:
            writer.pytest_sessionfinish()


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else long_line(str(value))
