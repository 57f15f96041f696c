"""Markers of runs in Datadog: events beside the graphs, and deployments for DORA metrics.

https://docs.datadoghq.com/api/latest/events/#post-an-event and
https://docs.datadoghq.com/api/latest/dora-metrics/#send-a-deployment-event
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.datadog.calling.endpoint import Endpoint
from pytest_storedog_gate.datadog.calling.keys import KEY_VARIABLES
from pytest_storedog_gate.outlets.plain_text import line
from pytest_storedog_gate.reading.ci.metadata import metadata
from pytest_storedog_gate.reports import glance
from pytest_storedog_gate.reports.delivered.posting import Unreachable, post
from pytest_storedog_gate.reports.markdown import markdown
from pytest_storedog_gate.verdicts.record import Mode
from pytest_storedog_gate.verdicts.rule import State

if TYPE_CHECKING:
    from pytest_storedog_gate.deploy import Deployment
    from pytest_storedog_gate.settings.load import Settings
    from pytest_storedog_gate.verdicts.record import Record

_LONGEST = 4000  # characters of an event's text, as Datadog takes them
_ALERTS = {State.OPEN: "success", State.CLOSED: "error", State.INCONCLUSIVE: "warning"}


class DatadogMarkers:
    """A report of the gate's own, where the configuration's `[datadog]` asks for it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def pytest_storedog_report(self, record: Record) -> str | None:
        """Sends what is asked for; a sentence where Datadog did not take it."""
        wanted, key = self._settings.markers, self._settings.synthetics.api_key
        asked = {}
        if record.mode is Mode.DECIDES and wanted.events:
            asked["/api/v1/events"] = event(record)
        if wanted.deployments and record.deployment and record.verdict.state is State.OPEN:
            asked["/api/v2/dora/deployment"] = deployment(record, record.deployment)
        if asked and key is None:
            return f"no marker in Datadog: {' or '.join(KEY_VARIABLES['api'])} is not set"
        failed = (self._sent(path, body, str(key)) for path, body in asked.items())
        return "; ".join(filter(None, failed)) or None

    def _sent(self, path: str, body: dict[str, Any], key: str) -> str | None:
        """Why Datadog did not take it."""
        service = self._settings.synthetics
        # A local service has no such marks: they go to Datadog wherever the checks run.
        of_url = service.backend == "datadog" and service.url
        endpoint = Endpoint.of_url(of_url) if of_url else Endpoint.of_site(service.site)
        try:
            status = post(f"{endpoint.api}{path}", body, {"DD-API-KEY": key})
        except Unreachable as error:
            return f"no marker at {endpoint.name}{path}: {error}"
        return None if 200 <= status < 300 else f"no marker at {endpoint.name}{path}: {status}"


def event(record: Record) -> dict[str, Any]:
    """The verdict as an event, which a graph of the environment can show."""
    build = record.build
    tags = {
        "env": record.environment,
        "service": record.service,
        "git.commit.sha": build.commit,
        "ci.pipeline.number": build.number,
        "image_digest": record.subject.digest,
        "verdict": record.verdict.state.value,
    }
    return {
        "title": glance.headline(record),
        "text": f"%%%\n{markdown(record)[: _LONGEST - 10]}\n%%%",
        "alert_type": _ALERTS[record.verdict.state],
        "aggregation_key": f"storedog-gate {line(record.environment)}",
        "date_happened": int(record.finished.timestamp()),
        "tags": [f"{name}:{line(value)}" for name, value in tags.items() if value],
    }


def deployment(record: Record, done: Deployment) -> dict[str, Any]:
    """What was done as DORA metrics count it; its commit where the CI system tells all of it."""
    facts = {
        "service": done.service,
        "env": done.environment,
        "version": str(done.image.tag or done.image.digest),
        "started_at": int(record.started.timestamp() * 1e9),
        "finished_at": int(record.finished.timestamp() * 1e9),
    }
    repository = metadata(os.environ).get("git", {}).get("repository_url")
    if repository and record.build.commit:
        facts["git"] = {"repository_url": repository, "commit_sha": record.build.commit}
    return {"data": {"attributes": facts}}
