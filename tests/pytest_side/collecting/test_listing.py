"""What `--collect-only` asks Datadog for, in a run that only checks: as little as it needs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.datadog.calls import CHECK
from tests.datadog.fake import Answer, FakeDatadog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import GateProject

IDS = [f"aaa-aaa-aa{number}" for number in range(9)]
SUITE, MEMBER = IDS[0], "mem-ber-aaa"
TOML = f"""\
[synthetics]
backend = "datadog"

[environments.staging]
checks = {json.dumps(IDS)}
"""


@pytest.fixture
def datadog(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDatadog]:
    fake = FakeDatadog()
    monkeypatch.setenv("DD_API_KEY", "a" * 32)
    monkeypatch.setenv("DD_APP_KEY", "b" * 40)
    monkeypatch.setenv("DD_API_HOST_OVERRIDE", fake.url)
    for public_id in (*IDS, MEMBER):
        known = {**CHECK, "public_id": public_id, "tags": [f"number:{public_id[-1]}"]}
        fake.script[f"/tests/{public_id}"] = [Answer(known)]
    yield fake
    fake.close()


def suites(*public_ids: str) -> Answer:
    listed = [{"public_id": public_id} for public_id in public_ids]
    return Answer({"data": {"attributes": {"suites": listed, "total": len(listed)}}})


def listed(project: GateProject, *options: str) -> list[str]:
    """The checks whose tests are listed."""
    project.configuration(TOML)
    result = project.run("--storedog-deploy=never", "--collect-only", "-q", *options)
    assert result.ret == 0, f"{result.stdout}{result.stderr}"
    assert str(result.stderr) == ""
    begin = "storedog.toml::test_check[staging-"
    return [one[len(begin) : -1] for one in result.outlines if one.startswith(begin)]


def test_one_call_tells_that_ids_are_no_suites(project: GateProject, datadog: FakeDatadog) -> None:
    datadog.script["/suites/search"] = [suites("oth-ers-aaa")]
    assert listed(project) == IDS
    assert len(datadog.asked) == 1


def test_a_suite_stands_for_its_tests(project: GateProject, datadog: FakeDatadog) -> None:
    datadog.script["/suites/search"] = [suites(SUITE)]
    del datadog.script[f"/tests/{SUITE}"]
    attributes = {"name": "All", "tests": [{"public_id": MEMBER}]}
    datadog.script[f"/suites/{SUITE}"] = [Answer({"data": {"attributes": attributes}})]
    assert listed(project) == [*IDS[1:], MEMBER]


@pytest.mark.parametrize("option", ["-m", "-k"])
def test_tags_are_read_for_whoever_selects_by_them(
    project: GateProject, datadog: FakeDatadog, option: str
) -> None:
    datadog.script["/suites/search"] = [suites()]
    assert listed(project, option, "number:3") == [IDS[3]]


def test_a_service_without_a_list_of_suites_is_asked_for_each(
    project: GateProject, datadog: FakeDatadog
) -> None:
    assert listed(project) == IDS
    assert datadog.count(f"/tests/{IDS[0]}") == 1
