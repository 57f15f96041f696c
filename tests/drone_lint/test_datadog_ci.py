"""datadog-ci's gate: what of its options and variables leaves the verdict as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.drone_lint.linted import PRODUCTION, linted_steps

if TYPE_CHECKING:
    from pytest_storedog_gate.drone_lint.rules import Report

_GATE = (
    "npx datadog-ci synthetics run-tests --failOnCriticalErrors --failOnMissingTests -p abc-def-ghi"
)
_OVERRIDE = "DATADOG_SYNTHETICS_OVERRIDE_"


def _lint(*commands: str, environment: dict[str, object] | None = None) -> Report:
    gate = {"name": "gate", "commands": list(commands), "environment": environment or {}}
    return linted_steps(gate, PRODUCTION, concurrency={"limit": 1})


@pytest.mark.parametrize(
    ("option", "rule"),
    [
        ("--override executionRule=non_blocking", "unclear"),
        ("--override=executionRule=skipped", "unclear"),
        ("--override startUrl=http://fine.example", "unclear"),
        ("--override variables.URL=http://fine.example", "unclear"),
        ("--override locations=a --override executionRule=skipped", "unclear"),
        ("--variable URL=http://fine.example", "unclear"),
        ("-v URL=http://fine.example", "unclear"),
        ("--config dd.json", "unclear"),
        ("--config=dd.json", "unclear"),
        ("--no-failOnTimeout", "unclear"),
        ("--no-failOnMissingTests", "unclear"),
        ("--dry-run", "unclear"),
        ("--help", "unclear"),
        ("--override executionRule=blocking", None),
        ("--override=locations='aws:eu-central-1;aws:us-east-1' --override retry.count=1", None),
        ('--apiKey "$K" --appKey="$A"', None),
        ("--failOnTimeout --jUnitReport out.xml -n night --tunnel", None),
    ],
)
def test_an_option_that_could_take_its_teeth_out_is_an_error(option: str, rule: str | None) -> None:
    assert [f.rule for f in _lint(f"{_GATE} {option}").findings] == [rule] * bool(rule)


@pytest.mark.parametrize(
    ("name", "value", "sound"),
    [
        (f"{_OVERRIDE}EXECUTION_RULE", "non_blocking", False),
        (f"{_OVERRIDE}EXECUTION_RULE", "skipped", False),
        (f"{_OVERRIDE}EXECUTION_RULE", {"from_secret": "rule"}, False),
        (f"{_OVERRIDE}START_URL", "http://fine.example", False),
        (f"{_OVERRIDE}VARIABLES", "{'URL': 'http://fine.example'}", False),
        ("DATADOG_SYNTHETICS_FAIL_ON_TIMEOUT", "false", False),
        ("DATADOG_SYNTHETICS_FAIL_ON_TIMEOUT", "0", False),
        ("DATADOG_SYNTHETICS_FAIL_ON_CRITICAL_ERRORS", "false", False),
        ("DATADOG_SYNTHETICS_CONFIG_PATH", "dd.json", False),
        ("DATADOG_SYNTHETICS_SELECTIVE_RERUN", "true", False),
        ("DD_API_HOST_OVERRIDE", "http://fine.example", False),
        ("NODE_TLS_REJECT_UNAUTHORIZED", "0", False),
        (f"{_OVERRIDE}EXECUTION_RULE", "blocking", True),
        (f"{_OVERRIDE}LOCATIONS", "aws:eu-central-1", True),
        ("DATADOG_SYNTHETICS_FAIL_ON_TIMEOUT", "true", True),
        ("DATADOG_SYNTHETICS_PUBLIC_IDS", "abc-def-ghi", True),
        ("DATADOG_API_KEY", {"from_secret": "key"}, True),
        ("DD_SITE", "datadoghq.eu", True),
    ],
)
def test_a_variable_that_could_take_its_teeth_out_is_an_error_wherever_it_is_set(
    name: str, value: object, *, sound: bool
) -> None:
    reports = [_lint(_GATE, environment={name: value})]
    taken = _lint(f"env -u {name} {_GATE}", environment={name: value})
    if isinstance(value, str) and not name.startswith("NODE"):
        reports += [_lint(f'export {name}="{value}"', _GATE), _lint(f'{name}="{value}" {_GATE}')]

    for report in reports:
        assert [f.rule for f in report.findings] == ["variable"] * (not sound)
    assert taken.sound
