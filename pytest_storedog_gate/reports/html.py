"""The record as one page that a browser shows by itself: the evidence of a run."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.models import Status
from pytest_storedog_gate.reports import glance, summary
from pytest_storedog_gate.reports.failure_text import curl
from pytest_storedog_gate.reports.pages.rendering import page
from pytest_storedog_gate.reports.pages.results import STYLE, ResultView, view
from pytest_storedog_gate.verdicts.rule import STATE_OF

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_storedog_gate.verdicts.record import Record
    from pytest_storedog_gate.verdicts.rule import CheckVerdict

_STYLE_OF = {STATE_OF[status]: style for status, style in STYLE.items()}


@dataclass(frozen=True)
class _Check:
    """A check with its results; each of them may have a command that asks for it again."""

    verdict: CheckVerdict
    name: str
    word: str
    style: str
    results: list[tuple[ResultView, str | None]]

    @property
    def told(self) -> set[str]:
        """The reasons that the results tell themselves."""
        return {view.result.reason for view, _ in self.results}


def html(record: Record, command: Sequence[str]) -> bytes:
    """The page; `command` asks for the same checks service in the same environment."""
    checks = sorted(record.checks, key=lambda check: glance.WORST_FIRST.index(check.state))
    return page(
        "run.html",
        record=record,
        headline=glance.headline(record),
        style=_STYLE_OF[record.verdict.state],
        reasons=glance.other_reasons(record),
        facts=[fact for fact in _facts(record) if fact[1]],
        checks=[_check(check, record) for check in checks],
        watched=[(w, glance.WORDS[w.state], _STYLE_OF[w.state]) for w in record.watched],
        again="\n".join(summary.again(record, command)).partition(": ")[2],
        version=version("pytest-storedog-gate"),
    ).encode()


def _check(check: CheckVerdict, record: Record) -> _Check:
    results = check.outcome.results if check.outcome else ()
    return _Check(
        check,
        record.names.get(check.public_id, check.name),
        glance.word(check),
        _STYLE_OF[check.state],
        [
            (
                view(result, record.pictures.get),
                None if result.status is Status.PASSED else curl(result.detail.get("request")),
            )
            for result in results
        ],
    )


def _facts(record: Record) -> Iterator[tuple[str, str, str]]:
    """What the verdict is about: the name of each fact, its text, and where it leads."""
    deployment, build = record.deployment, record.build
    yield "environment", record.environment, ""
    yield "what the run did", record.mode.value, ""
    yield "service", record.service or "", ""
    yield "image", record.subject.image or "", ""
    yield "digest", record.subject.digest or "", ""
    if deployment:
        yield "digest before", deployment.previous_digest or "none", ""
        yield "deployment", deployment.deploy_id, ""
        yield "unavailable", f"{deployment.downtime:.2f} s", ""
        for target, done in deployment.targets.items():
            outage = f"unavailable for {done.downtime:.2f} s"
            yield (
                f"target {target}",
                f"{done.image.digest}, deployment {done.deploy_id}, {outage}",
                "",
            )
    yield "commit", build.commit or "", ""
    yield "build", build.number or build.link or "", build.link or ""
    for batch in record.batches:
        yield "batch", batch.batch_id, batch.batch_url
