"""What a deployment on a Docker engine would do, in words; nothing is changed."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.docker import (
    journal,
    names,
    ownership,
    proof,
    services,
    strategies,
)
from pytest_storedog_gate.deploy.docker.images import resolve, standing
from pytest_storedog_gate.deploy.docker.journal import succession
from pytest_storedog_gate.deploy.docker.names import Names
from pytest_storedog_gate.deploy.docker.services.surroundings import missing_networks
from pytest_storedog_gate.deploy.docker.specification import addresses, as_deployed
from pytest_storedog_gate.deploy.docker.traffic import ports
from pytest_storedog_gate.deploy.references import ImageReference, short

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_storedog_gate.deploy import Build
    from pytest_storedog_gate.deploy.docker.engine import Engine
    from pytest_storedog_gate.deploy.docker.lease import Lease
    from pytest_storedog_gate.deploy.environment import Environment, Service


class Plan:
    """See `pytest_storedog_gate.deploy.Plan`."""

    def __init__(
        self,
        engine: Engine,
        environment: Environment,
        lease: Lease,
        reference: ImageReference,
        build: Build,
    ) -> None:
        self._engine, self._environment, self._lease = engine, environment, lease
        self._reference, self._build = reference, build
        self._names = Names.of(environment, environment.gate or "")

    @cached_property
    def image(self) -> ImageReference:
        return resolve(self._engine, self._reference)

    def lock(self) -> Iterator[str]:
        ownership.require(self._engine, self._environment)
        self._lease.look()
        if self._lockable:
            yield from self._lock()

    def resolve(self) -> Iterator[str]:
        yield f"resolve {self._reference} to {self.image.digest}"

    def fetch(self) -> Iterator[str]:
        here = self._engine.image(self.image.pinned) is not None
        yield f"pull {self.image.pinned}" + (", which the engine has" if here else "")
        if not self._lockable:  # there was nothing to make the lock of before
            yield from self._lock()

    def stage(self) -> Iterator[str]:
        succession.label_of(self._build, self._engine.find(self._names.live))
        for network in missing_networks(self._engine, self._environment):
            yield f"create the network {network}"
        for found in services.survey(self._engine, self._environment):
            if found.outdated is not None:
                yield from self._job(found.service)
            yield self._service(found)
        strategy = strategies.find(self._environment.strategy)
        gated = self._environment.gated
        if isinstance(strategy, strategies.Prepares):
            yield from strategy.foresee(self._engine, self._environment, self._names)
        elif gated is not None:
            for published in addresses(self._environment, gated):
                held = ports.require_free(self._engine, published, self._names.live)
                yield f"publish {published}, {f'now held by {held}' if held else 'which is free'}"
        live = self._engine.find(self._names.live)
        back = live is not None and succession.goes_back(self._build, live)
        if gated is not None and not back and not self._left_alone(gated):
            yield from self._job(gated)
        if gated is None or gated.candidate != "off":
            yield f"start {self._names.candidate} and wait until it is ready"

    def promote(self) -> Iterator[str]:
        proof.require_no_impostor(self._engine, self._names)
        live = self._engine.find(self._names.live)
        gated = self._environment.gated
        if live and gated and self._left_alone(gated):
            yield f"leave {self._names.live} alone: it runs {self.image.brief} already"
            return
        now = short(live.labels.get(names.DIGEST)) if live else "nothing"
        strategy = self._environment.strategy
        yield f"make it {self._names.live} by strategy {strategy}, in place of {now}"

    def _left_alone(self, gated: Service) -> bool:
        live = self._engine.find(self._names.live)
        if live is None or journal.is_open(self._engine, self._names):
            return False
        return as_deployed(self._environment, gated, self.image, live, self._build)

    def _job(self, service: Service) -> Iterator[str]:
        if (job := service.before_swap) is not None:
            where = Names.of(self._environment, service.name)
            image = "its image" if job.image is None else job.image
            yield f"run {where.job} in {image}, which has to end well within {job.timeout:g} s"

    @cached_property
    def _lockable(self) -> bool:
        if self._environment.lock_image is not None:
            resolve(self._engine, ImageReference.parse(self._environment.lock_image))
            return True
        return standing(self._engine, self._names) is not None

    def _lock(self) -> Iterator[str]:
        yield f"take the lock {self._names.lock}"
        for service in self._environment.services:
            where = Names.of(self._environment, service.name)
            if self._engine.find(where.previous) is not None:
                yield f"put {where.previous} back: the last deployment was not concluded"
            elif self._engine.find(where.candidate) is not None:
                yield f"remove {where.candidate}, a candidate that never had traffic"
            if self._engine.find(where.job) is not None:
                yield f"remove {where.job}, which a run that was broken off has left"

    def _service(self, found: services.Standing) -> str:
        if found.outdated is None:
            return f"leave {found.names.live} alone: {found.image} runs"
        for published in addresses(self._environment, found.service):
            ports.require_free(self._engine, published, found.names.live)
        return f"start {found.names.live} with {found.image}: {found.outdated}"
