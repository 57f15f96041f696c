"""What a run would do, step by step, found out without changing anything."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.calling.clock import Clock
from pytest_storedog_gate.deploy import Build, untimed
from pytest_storedog_gate.gate import selection, steps, synthetics
from pytest_storedog_gate.gate.image import asked_for
from pytest_storedog_gate.gate.steps import Step
from pytest_storedog_gate.verdicts import promotion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pytest_storedog_gate.deploy import Plan
    from pytest_storedog_gate.gate.provided import Provided
    from pytest_storedog_gate.gate.selection import PlannedCheck
    from pytest_storedog_gate.settings.load import Settings


def sentences(settings: Settings, provided: Provided) -> Iterator[str]:
    """Yields what each step would do; raises the run's own error where one is impossible."""
    with ExitStack() as resources:
        told = _Checks(settings, provided, resources).told
        if settings.environment.gated is not None:
            told |= _Image(settings, provided, resources).told
        for step in steps.of(settings):
            yield from told[step]() if step in told else [step.value]


class _Checks:
    """The steps of every run."""

    def __init__(self, settings: Settings, provided: Provided, resources: ExitStack) -> None:
        self._settings, self._provided, self._resources = settings, provided, resources
        self._checks: tuple[PlannedCheck, ...] = ()
        self.told: dict[Step, Callable[[], Iterable[str]]] = {
            Step.CHECKS: self._read,
            Step.BEFORE_TRAFFIC: self._prove_before,
            Step.TRIGGER: self._run,
            Step.WAIT: self._wait,
            Step.AFTER_CHECKS: self._prove_after,
            Step.REPORT: self._report,
            Step.HTML: self._html,
        }

    def _read(self) -> Iterator[str]:
        client = synthetics.Service(self._settings, self._resources).connect(Clock())
        self._checks = selection.resolve(self._settings.requirements, selection.Known(client))
        yield f"{Step.CHECKS.value}, {len(self._checks)} in all"

    def _prove_before(self) -> Iterator[str]:
        for name in self._provided.before_traffic.names():
            yield f"{Step.BEFORE_TRAFFIC.value}: {name}"

    def _prove_after(self) -> Iterator[str]:
        for name in self._provided.after_checks.names():
            yield f"{Step.AFTER_CHECKS.value}: {name}"

    def _run(self) -> Iterator[str]:
        for check in self._checks:
            found = check.definition
            rule = "" if check.required else f", {check.execution_rule}"
            yield f"run check {check.public_id} ({found.name}, {found.type}{rule})"

    def _wait(self) -> Iterator[str]:
        yield f"{Step.WAIT.value}, at most {self._settings.synthetics.batch_timeout:g} s"

    def _report(self) -> Iterator[str]:
        yield f"{Step.REPORT.value} to {self._settings.report}"

    def _html(self) -> Iterator[str]:
        yield f"{Step.HTML.value} to {self._settings.html}"


class _Image:
    """The steps of a run that puts an image into the environment, and keeps a verdict on it."""

    def __init__(self, settings: Settings, provided: Provided, resources: ExitStack) -> None:
        self._settings = settings
        self._store = provided.verdict_store(settings)
        self._deployment = deployment = _deployment(settings, provided, resources)
        self.told: dict[Step, Callable[[], Iterable[str]]] = {
            Step.LOCK: deployment.lock,
            Step.RESOLVE: deployment.resolve,
            Step.REQUIRE: self._require,
            Step.FETCH: deployment.fetch,
            Step.WITHDRAW: self._withdraw,
            Step.STAGE: deployment.stage,
            Step.PROMOTE: deployment.promote,
            Step.DECIDE: self._decide,
            Step.RECORD: self._record,
        }

    @property
    def _digest(self) -> str:
        return str(self._deployment.image.digest)

    @property
    def _place(self) -> str:
        return self._store.place(self._settings.environment.name, self._digest)

    def _require(self) -> Iterator[str]:
        settings = self._settings
        if settings.requires is not None:
            promotion.require_open(
                self._store,
                settings.requires.name,
                self._digest,
                service=settings.environment.gate,
                names=settings.required_there,
            )
            yield f"find the open verdict of {settings.requires.name} for {self._digest}: there"

    def _withdraw(self) -> Iterator[str]:
        if self._store.holds(self._settings.environment.name, self._digest):
            yield f"{Step.WITHDRAW.value}: {self._place}"

    def _decide(self) -> Iterator[str]:
        on_failure = self._settings.environment.on_failure
        yield f"{Step.DECIDE.value}; if the gate stays closed: {on_failure}"

    def _record(self) -> Iterator[str]:
        yield f"{Step.RECORD.value} in {self._place}"


def _deployment(settings: Settings, provided: Provided, resources: ExitStack) -> Plan:
    reached = provided.deployer(
        settings.environment, Build(), lambda _line: None, settings.redact, untimed
    )
    deployer = resources.enter_context(reached)
    return deployer.foresee(asked_for(settings))
