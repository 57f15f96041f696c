"""The results of `run` as files: JUnit for CI systems, JSON for programs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from pytest_storedog_gate.datadog.models import Status
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.outlets.plain_text import document, line
from pytest_storedog_gate.outlets.whole_file import prepare, withdraw
from pytest_storedog_gate.reports import failure_text, junit
from pytest_storedog_gate.synthetics_cli.printing import exit_status
from pytest_storedog_gate.verdicts import record_json
from pytest_storedog_gate.verdicts.rule import STATE_OF

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_storedog_gate.datadog.models import Result

_NAME = "storedog-synthetics"
_VERSION = 1


@dataclass(frozen=True)
class Reports:
    """Where they go; what an earlier run left there is taken away at once.

    Raises ConfigurationError where a file cannot be written.
    """

    junitxml: Path | None
    json: Path | None

    def __post_init__(self) -> None:
        for path in filter(None, (self.junitxml, self.json)):
            try:
                withdraw(path)
            except OSError as error:
                raise _unwritable(path, error) from None

    def write(self, results: Sequence[Result]) -> None:
        """Writes those that are wanted, each whole or not at all."""
        for path, make in ((self.junitxml, junit_xml), (self.json, json_document)):
            if path is None:
                continue
            try:
                with prepare(path, make(results)) as prepared:
                    prepared.commit()
            except OSError as error:
                raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(f"{path}: no report can be written there: {error.strerror}")


def json_document(results: Sequence[Result]) -> bytes:
    """All that each result says, in the form of the gate's report, and how the run ended."""
    data = {
        "version": _VERSION,
        "exit_status": int(exit_status(results)),
        "results": [{**record_json.of_result(one), "status": one.status.value} for one in results],
    }
    return record_json.encoded(document(data))


def junit_xml(results: Sequence[Result]) -> bytes:
    """A test case for each result, in datadog-ci's vocabulary as the gate's."""
    kinds = Counter(junit.KINDS[STATE_OF[one.status]] for one in results)
    suite = ET.Element(
        "testsuite",
        name=_NAME,
        tests=str(len(results)),
        failures=str(kinds["failure"]),
        errors=str(kinds["error"]),
        skipped="0",
        time=f"{sum(one.duration for one in results):.3f}",
    )
    taken: Counter[str] = Counter()
    for one in results:
        _add_case(suite, one, taken)
    whole = ET.Element("testsuites", name=_NAME)
    whole.append(suite)
    ET.indent(whole)
    text: bytes = ET.tostring(whole, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _add_case(suite: ET.Element, result: Result, taken: Counter[str]) -> None:
    where = ", ".join(filter(None, (result.public_id, result.location, result.device)))
    name = f"{line(result.name)} ({line(where)})"
    taken[name] += 1
    number = f" {taken[name]}" if taken[name] > 1 else ""
    case = ET.SubElement(
        suite,
        "testcase",
        classname=f"{_NAME}.{line(result.public_id)}",
        name=f"{name}{number}",
        time=f"{result.duration:.3f}",
    )
    properties = ET.SubElement(case, "properties")
    for key, value in junit.properties(result):
        ET.SubElement(properties, "property", name=key, value=value)
    if result.status is not Status.PASSED:
        reason = line(result.reason.partition("\n")[0])
        kind = junit.KINDS[STATE_OF[result.status]]
        ET.SubElement(case, kind, message=reason).text = failure_text.of_result(result)
