"""What a deployment at several targets would do, in words: each line names its target."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.several.naming import named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_storedog_gate.deploy import Deployer, Plan
    from pytest_storedog_gate.deploy.references import ImageReference


class TargetsPlan:
    """See `pytest_storedog_gate.deploy.Plan`."""

    def __init__(self, targets: Mapping[str, Deployer], reference: ImageReference) -> None:
        self._targets, self._reference = targets, reference

    @cached_property
    def image(self) -> ImageReference:
        target, plan = next(iter(self._plans.items()))
        with named(target):
            return plan.image

    def lock(self) -> Iterator[str]:
        return self._each(lambda plan: plan.lock())

    def resolve(self) -> Iterator[str]:
        return self._each(lambda plan: plan.resolve())

    def fetch(self) -> Iterator[str]:
        return self._each(lambda plan: plan.fetch())

    def stage(self) -> Iterator[str]:
        return self._each(lambda plan: plan.stage())

    def promote(self) -> Iterator[str]:
        return self._each(lambda plan: plan.promote())

    @cached_property
    def _plans(self) -> dict[str, Plan]:
        """The first target tells the digest."""
        plans: dict[str, Plan] = {}
        image = self._reference
        for target, deployer in self._targets.items():
            with named(target):
                plans[target] = deployer.foresee(image)
                image = plans[target].image
        return plans

    def _each(self, step: Callable[[Plan], Iterator[str]]) -> Iterator[str]:
        for target, plan in self._plans.items():
            with named(target):
                for line in step(plan):
                    yield f"{target}: {line}"
