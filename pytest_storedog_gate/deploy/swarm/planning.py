"""What a deployment to a Swarm would do, in words; nothing is changed."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.docker.journal import succession
from pytest_storedog_gate.deploy.swarm import journal, names, preview, reached_at, rollout
from pytest_storedog_gate.deploy.swarm.preview import Candidate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_storedog_gate.deploy.references import ImageReference
    from pytest_storedog_gate.deploy.swarm.deployer import SwarmDeployer


class Plan:
    """See `pytest_storedog_gate.deploy.Plan`."""

    def __init__(self, site: SwarmDeployer, reference: ImageReference) -> None:
        self._site, self._reference = site, reference
        self._name = site.target.service

    @cached_property
    def image(self) -> ImageReference:
        return self._site.resolve(self._reference)

    def lock(self) -> Iterator[str]:
        self._site.require_ours()
        self._site.lease.look()
        yield f"take the lock {names.lock(self._name)}"
        found = journal.Journal.of(self._site.manager.get_service(self._name))
        if found is not None:
            before = rollout.brief(found.before["TaskTemplate"]["ContainerSpec"]["Image"])
            yield f"put {self._name} back to {before}: the last deployment was not concluded"
        for left in preview.standing(self._site.manager, self._name):
            yield f"remove {left.name}, a candidate that never had traffic"

    def resolve(self) -> Iterator[str]:
        yield f"resolve {self._reference} to {self.image.digest}"

    def fetch(self) -> Iterator[str]:
        yield f"let the nodes pull {self.image.pinned} as they need it"

    def stage(self) -> Iterator[str]:
        site, manager = self._site, self._site.manager
        service = rollout.require_settled(manager, self._name)
        succession.label_of(site.build, service)
        candidate = Candidate.beside(service, manager, site.environment)
        if candidate is None:
            yield f"start nothing beside {self._name}: the Swarm waits for each task to be ready"
            return
        if not preview.standing(manager, self._name):
            reached_at.require_nobody(candidate.address, patience=0.0)
        own, node = names.candidate(self._name), candidate.node.name
        yield f"start {own} on {node} at {candidate.address}, and wait until it is ready"

    def promote(self) -> Iterator[str]:
        service = self._site.manager.get_service(self._name)
        if self._site.leaves_alone(service, self.image):
            yield f"leave {self._name} alone: it runs {self.image.brief} already"
            return
        order, now = journal.order(service), rollout.brief(service.image)
        yield f"update {self._name} to it, {order}, in place of {now}, and wait until that is gone"
