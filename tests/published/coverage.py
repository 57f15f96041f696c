"""What of the published schema is run, by what was seen to be."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_storedog_gate.local_synthetics.failures import Failure
from tests.local_synthetics.kinds.browser.steps import cases, check_cases, mail_cases
from tests.published.data import PUBLISHED, read_json

if TYPE_CHECKING:
    from tests.local_synthetics.proving.proof import Cell
    from tests.local_synthetics.support.service import Json

# Why something of the schema is not run.
REFUSED = {
    "mobile": "needs devices and an application",
    "network": "a Network Path test; its `jitter` and `multiNetworkHop` are run in `icmp`",
    "validates": "what it means is not published",
}
CANNOT_FAIL = "wait"  # it is run, and its test fails only by what comes after it


@dataclass
class Group:
    """Values of one enumeration of the schema, and those of them that were seen to be run."""

    name: str
    published: list[str]
    proved: set[str]

    @property
    def run(self) -> list[str]:
        return [one for one in self.published if one in self.proved]

    @property
    def refused(self) -> list[str]:
        return [one for one in self.published if one not in self.proved]

    @property
    def share(self) -> float:
        return len(self.run) / len(self.published)


def groups(cells: set[Cell]) -> list[Group]:
    """Every enumeration of the schema that says what a test can do."""
    schemas: Json = read_json(PUBLISHED / "openapi-v1-synthetics.json")["components"]["schemas"]

    def published(*names: str) -> list[str]:
        values = (value for name in names for value in schemas[f"Synthetics{name}"]["enum"])
        return list(dict.fromkeys(values))

    elements: Json = schemas["SyntheticsAssertionJSONPathTargetTarget"]["properties"]
    steps = step_types()
    multistep = {cell.operator for cell in cells if cell.about == "step"}
    whole = {name for name, proved in (("api", cells), ("browser", steps)) if proved}
    return [
        Group("types of test", published("TestDetailsType"), whole),
        Group(
            "kinds of API test, and their steps",
            published(
                "TestDetailsSubType", "APITestStepSubtype", "APIWaitStepSubtype",
                "APISubtestStepSubtype",
            ),
            {cell.kind for cell in cells} | multistep,
        ),
        Group(
            "types of assertion",
            published(
                "AssertionType", "AssertionBodyHashType", "AssertionJavascriptType",
                "AssertionMCPRespectsSpecificationType", "AssertionMCPServerCapabilitiesType",
            ),
            {cell.about for cell in cells},
        ),
        Group(
            "operators",
            published(
                "AssertionOperator", "AssertionJSONPathOperator", "AssertionJSONSchemaOperator",
                "AssertionXPathOperator", "AssertionBodyHashOperator",
            ),
            {cell.operator for cell in cells},
        ),
        Group(
            "elements operators of a JSONPath",
            re.findall(r"`(\w+Matches)`", elements["elementsOperator"]["description"]),
            {cell.detail for cell in cells if cell.operator == "validatesJSONPath"},
        ),
        Group(
            "drafts of JSON Schema",
            published("AssertionJSONSchemaMetaSchema"),
            {cell.detail for cell in cells if cell.operator == "validatesJSONSchema"},
        ),
        Group(
            "scopes of a time",
            published("AssertionTimingsScope"),
            {cell.detail for cell in cells if cell.operator == "timingsScope"},
        ),
        Group(
            "calls of gRPC and MCP",
            published("TestCallType"),
            {cell.operator for cell in cells if cell.about == "callType"},
        ),
        Group("types of browser step", published("StepType"), set(steps)),
        Group("checks of browser steps", published("CheckType"), checks()),
    ]  # fmt: skip


def step_types() -> dict[str, tuple[list[str], list[str]]]:
    """By type of step the cases in which it passes and in which it fails; it has both.

    A refusal is not a failure. `test_steps` and `test_mail` run these cases and hold what they are
    about; `test_effects` runs those of actions without the action, and then they must fail.
    """
    passing, failing = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for name, steps in (cases.PASSING | mail_cases.PASSING).items():
        for one in cases.passing_types(name, steps):
            passing[one].append(name)
    codes = {name: code for name, (code, _) in cases.FAILING.items()}
    codes |= {name: code for name, (code, _, _) in mail_cases.FAILING.items()}
    for name, code in codes.items():
        if not Failure(code, "").inconclusive:
            failing[cases.failing_type(name)].append(name)
    return {
        one: (names, failing[one])
        for one, names in passing.items()
        if failing[one] or one == CANNOT_FAIL
    }


def checks() -> set[str]:
    """The checks with a case in `test_checks`, which runs both of its steps."""
    pairs = [
        (holds["params"]["check"], fails["params"]["check"]) for holds, fails in check_cases.CASES
    ]
    return {holds for holds, fails in pairs if holds == fails}
