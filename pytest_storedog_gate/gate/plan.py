"""What a run would do, step by step, found out without changing anything."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.clock import Clock
from pytest_storedog_gate.deploy import Build, Deployer

from . import record, selection, synthetics
from .image import asked_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_storedog_gate.settings import Settings


def steps(settings: Settings) -> Iterator[str]:
    """Yields one sentence for each step; raises the run's own error where one is impossible."""
    environment = settings.environment
    with ExitStack() as resources:
        if environment.gated is not None:
            deployer = Deployer(
                environment, build=Build(), progress=lambda _line: None, redact=settings.redact
            )
            resources.callback(deployer.close)
            deployer.connect()
            image = deployer.resolve(asked_for(settings))
            if settings.requires is not None:
                record.require_open(
                    settings.verdicts,
                    settings.requires.name,
                    str(image.digest),
                    service=str(environment.gate),
                    names=settings.required_there,
                )
                yield f"find the open verdict of {settings.requires.name} for {image.digest}: there"
            yield from deployer.plan(asked_for(settings))
        client = synthetics.connect(settings, resources, Clock())
        for check in selection.resolve(settings.requirements, selection.Known(client)):
            found = check.definition
            rule = "" if check.required else f", {check.execution_rule}"
            yield f"run check {check.public_id} ({found.name}, {found.type}{rule})"
        if settings.deploy:
            yield f"decide; if the gate stays closed: {environment.on_failure}"
