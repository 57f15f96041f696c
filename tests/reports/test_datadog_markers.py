"""What Datadog is told of a run. The server stands for Datadog's, and answers as a test scripts."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from pytest_storedog_gate.datadog.models import Status
from pytest_storedog_gate.deploy import Build, Deployment
from pytest_storedog_gate.deploy.references import ImageReference
from pytest_storedog_gate.reports.delivered.datadog_markers import DatadogMarkers
from pytest_storedog_gate.settings.reports import Markers
from pytest_storedog_gate.verdicts.record import Mode, Record, Subject
from tests.datadog.fake import Answer, FakeDatadog
from tests.reports.stand_ins import NOW, outcome, record_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_storedog_gate.settings.load import Settings
    from tests.conftest import GateProject

KEY = "0123456789abcdef0123456789abcdef"
DIGEST = "sha256:" + "a" * 64
EVENTS, DEPLOYMENTS = "/api/v1/events", "/api/v2/dora/deployment"


@pytest.fixture
def datadog() -> Iterator[FakeDatadog]:
    fake = FakeDatadog()
    fake.script = {EVENTS: [Answer(status=202)], DEPLOYMENTS: [Answer(status=202)]}
    yield fake
    fake.close()


def settings(datadog: FakeDatadog, markers: Markers, key: str | None = KEY) -> Settings:
    service = SimpleNamespace(backend="datadog", url=datadog.url, site="datadoghq.com", api_key=key)
    return cast("Settings", SimpleNamespace(markers=markers, synthetics=service))


def record(status: Status = Status.PASSED, **facts: Any) -> Record:
    image = ImageReference.parse("registry.test/shop:1.2")
    done = Deployment("staging", "shop", image, "d-1", None, NOW, NOW, 0.0)
    known = {
        "service": "shop",
        "subject": Subject(str(image), DIGEST),
        "build": Build("0c1d2e", "12", "https://drone.test/12"),
        "deployment": done,
    }
    return record_of(outcome("aaa-aaa-aaa", status, "it says 500"), **{**known, **facts})


def told(datadog: FakeDatadog, path: str) -> list[Any]:
    return [asked.body for asked in datadog.asked if asked.path == path]


@pytest.mark.parametrize(
    ("status", "alert", "verdict"),
    [
        (Status.PASSED, "success", "open"),
        (Status.FAILED, "error", "closed"),
        (Status.NO_VERDICT, "warning", "inconclusive"),
    ],
)
def test_an_event_tells_the_verdict(
    datadog: FakeDatadog, status: Status, alert: str, verdict: str
) -> None:
    report = DatadogMarkers(settings(datadog, Markers(events=True)))
    assert report.pytest_storedog_report(record(status)) is None
    (event,) = told(datadog, EVENTS)
    assert event["title"].startswith(f"GATE {verdict.upper()} for staging: ")
    assert event["alert_type"] == alert
    assert "https://drone.test/12" in event["text"]
    assert event["tags"] == [
        "env:staging",
        "service:shop",
        "git.commit.sha:0c1d2e",
        "ci.pipeline.number:12",
        f"image_digest:{DIGEST}",
        f"verdict:{verdict}",
    ]
    assert datadog.asked[0].headers["DD-API-KEY"] == KEY
    assert KEY not in str(event)


def test_a_deployment_is_told_where_the_gate_is_open(
    datadog: FakeDatadog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DD_GIT_REPOSITORY_URL", "https://gogs.test/storedog/shop.git")
    report = DatadogMarkers(settings(datadog, Markers(deployments=True)))
    for closed in (Status.FAILED, Status.NO_VERDICT):
        assert report.pytest_storedog_report(record(closed)) is None
    assert report.pytest_storedog_report(record(deployment=None)) is None
    assert not datadog.asked
    assert report.pytest_storedog_report(record()) is None
    (deployment,) = told(datadog, DEPLOYMENTS)
    moment = int(NOW.timestamp() * 1e9)
    assert deployment["data"]["attributes"] == {
        "service": "shop",
        "env": "staging",
        "version": "1.2",
        "started_at": moment,
        "finished_at": moment,
        "git": {
            "repository_url": "https://gogs.test/storedog/shop.git",
            "commit_sha": "0c1d2e",
        },
    }


def test_nothing_is_told_that_nobody_asked_for(datadog: FakeDatadog) -> None:
    assert DatadogMarkers(settings(datadog, Markers())).pytest_storedog_report(record()) is None
    events = DatadogMarkers(settings(datadog, Markers(events=True)))
    assert events.pytest_storedog_report(replace(record(), mode=Mode.CHECKS_ONLY)) is None
    assert not datadog.asked


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (Answer(status=403), f"{EVENTS}: 403"),
        (Answer(status=302, headers={"Location": "/elsewhere"}), f"{EVENTS}: 302"),
        (Answer(status=0), f"{EVENTS}: ConnectionError"),
    ],
)
def test_what_datadog_does_not_take_is_a_sentence(
    datadog: FakeDatadog, answer: Answer, sentence: str
) -> None:
    datadog.script[EVENTS] = [answer]
    said = DatadogMarkers(settings(datadog, Markers(events=True))).pytest_storedog_report(record())
    assert said is not None
    assert said.endswith(sentence)
    assert len(datadog.asked) == 1


def test_without_a_key_a_run_says_so_and_decides_as_ever(project: GateProject) -> None:
    text = (project.path / "storedog.toml").read_text("utf-8")
    project.configuration(f"[datadog]\nevents = true\n{text}")
    result = project.run()
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["no marker in Datadog: DD_API_KEY or DATADOG_API_KEY is not set", "GATE OPEN *"]
    )
