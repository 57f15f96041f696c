"""What a run would do, step by step, found out without changing anything."""

from __future__ import annotations

from contextlib import ExitStack, nullcontext
from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.calling.clock import Clock
from pytest_storedog_gate.gate import around_traffic, going_back, selection, steps, synthetics
from pytest_storedog_gate.gate.deploying import asked_for, build_of
from pytest_storedog_gate.gate.recorder import Recorder
from pytest_storedog_gate.gate.steps import Step
from pytest_storedog_gate.gate.watching import watchers
from pytest_storedog_gate.gate.watching.watchers import require_watches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from pytest_storedog_gate.datadog.client import SyntheticsClient
    from pytest_storedog_gate.deploy import Deployer, Watches
    from pytest_storedog_gate.gate.provided import Proofs, Provided
    from pytest_storedog_gate.gate.selection import PlannedCheck
    from pytest_storedog_gate.gate.watching.window import Watcher
    from pytest_storedog_gate.settings.load import Settings

    Told = dict[Step, Callable[[], Iterable[str]]]


def sentences(settings: Settings, provided: Provided) -> Iterator[str]:
    """Yields what each step would do; raises the run's own error where one is impossible."""
    with ExitStack() as resources:
        watched: list[Watcher] = []
        told = _of_checks(settings, provided, resources, watched)
        deployer: Watches | None = None
        if settings.environment.gated is not None:
            reached = resources.enter_context(_reached(settings, provided))
            deployer = require_watches(settings, reached)
            told |= _of_image(settings, provided, reached)
        watched += watchers.of(settings, deployer, lambda: None, Clock(), resources)
        for step in steps.of(settings):
            yield from told[step]() if step in told else [step.told]


def listed(settings: Settings, *, tags: bool) -> list[tuple[str, tuple[str, ...]]]:
    """The checks by ID with their `tags`, which are left out where nobody wants them.

    Then one call may tell enough: thousands of definitions take as long as all the rest.
    """
    asked = settings.requirements
    with ExitStack() as resources:
        client = _client(settings, resources)
        if not (tags or asked.search or len(asked.public_ids) <= selection.FEW):
            suites = client.suites()  # each stands for its tests
            if suites is not None and suites.isdisjoint(asked.public_ids):
                return [(public_id, ()) for public_id in asked.public_ids]
        checks = selection.resolve(asked, selection.Known(client))
    return [(check.public_id, check.definition.tags) for check in checks]


def _client(settings: Settings, resources: ExitStack) -> SyntheticsClient:
    """A client of the run's service, which is left with the `resources`."""
    service = synthetics.Service(settings)
    resources.callback(service.leave)
    return service.connect(Clock())


def _reached(settings: Settings, provided: Provided) -> AbstractContextManager[Deployer]:
    return provided.deployer(
        environment=settings.environment,
        build=build_of(settings),
        progress=lambda _line: None,
        redact=settings.redact,
        timing=nullcontext,
    )


def _of_checks(
    settings: Settings, provided: Provided, resources: ExitStack, watched: Sequence[Watcher]
) -> Told:
    """The steps of every run."""
    planned: list[PlannedCheck] = []

    def read() -> Iterator[str]:
        known = selection.Known(_client(settings, resources))
        planned.extend(selection.resolve(settings.requirements, known))
        yield f"{Step.CHECKS.told}, {len(planned)} in all"

    def run_before() -> Iterator[str]:
        rounds = around_traffic.rounds(settings, planned, around_traffic.before)
        return _running(settings, rounds, early=True)

    def run_after() -> Iterator[str]:
        rounds = around_traffic.rounds(settings, planned, around_traffic.after)
        return _running(settings, rounds, early=False)

    def prove(step: Step, proofs: Proofs) -> list[str]:
        return [f"{step.told}: {name}" for name in proofs.names()]

    def watch() -> Iterator[str]:
        seconds = settings.watch.seconds if settings.watch else 0.0
        for each in watched:
            for name, title in each.names.items():
                yield f"watch {name} for {seconds:g} s: {title}"

    most = settings.synthetics.batch_timeout
    return {
        Step.CHECKS: read,
        Step.BEFORE_TRAFFIC: lambda: prove(Step.BEFORE_TRAFFIC, provided.before_traffic),
        Step.CHECK_STAGED: run_before,
        Step.WATCH: watch,
        Step.TRIGGER: run_after,
        Step.WAIT: lambda: [f"{Step.WAIT.told}, at most {most:g} s"],
        Step.AFTER_CHECKS: lambda: prove(Step.AFTER_CHECKS, provided.after_checks),
        Step.REPORT: lambda: [f"{Step.REPORT.told} to {settings.report}"],
        Step.HTML: lambda: [f"{Step.HTML.told} to {settings.html}"],
    }


def _running(
    settings: Settings, rounds: Mapping[str, Iterable[PlannedCheck]], *, early: bool
) -> Iterator[str]:
    """A line for each check, and each target that it goes to, where there are several."""
    for target, checks in rounds.items():
        preview = settings.each.get(target, settings).environment.preview
        where = f" against {preview}, before traffic" if early else ""
        for check in checks:
            found = check.definition
            rule = "" if check.required else f", {check.execution_rule}"
            told = f"run check {check.public_id} ({found.name}, {found.type}{rule}){where}"
            yield f"{target}: {told}" if target else told


def _of_image(settings: Settings, provided: Provided, deployer: Deployer) -> Told:
    """The steps of a run that puts an image into the environment, and keeps a verdict on it."""
    environment, recorder = settings.environment, Recorder(settings, provided)
    back: list[str] = []
    if settings.rollback is None:
        deployment = deployer.foresee(asked_for(settings))
    else:
        version = going_back.version(settings, going_back.history_of(deployer, environment.name))
        deployment = deployer.foresee(version.image)
        back = [f"go back to {version.told}"]

    def require() -> Iterator[str]:
        digest = str(deployment.image.digest)
        recorder.require(digest)
        if settings.requires is not None:
            found = f"OVERRIDDEN, {told}" if (told := recorder.overridden) else "there"
            yield f"find the open verdict of {settings.requires.name} for {digest}: {found}"

    def place() -> str:
        return recorder.store.place(environment.name, str(deployment.image.digest))

    def withdraw() -> Iterator[str]:
        if recorder.store.holds(environment.name, str(deployment.image.digest)):
            yield f"{Step.WITHDRAW.told}: {place()}"

    closed = f"if the gate stays closed: {environment.on_failure}"
    return {
        Step.LOCK: deployment.lock,
        Step.RESOLVE: lambda: [*back, *deployment.resolve()],
        Step.REQUIRE: require,
        Step.FETCH: deployment.fetch,
        Step.WITHDRAW: withdraw,
        Step.STAGE: deployment.stage,
        Step.PROMOTE: deployment.promote,
        Step.DECIDE: lambda: [f"{Step.DECIDE.told}; {closed}"],
        Step.RECORD: lambda: [f"{Step.RECORD.told} in {place()}"],
    }
