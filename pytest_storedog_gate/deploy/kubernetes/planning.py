"""What a deployment on a cluster would do, in words; nothing is changed."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy import registry
from pytest_storedog_gate.deploy.kubernetes import journal, looking, preview, refusing
from pytest_storedog_gate.deploy.kubernetes.deployment import Prepared, prepared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_storedog_gate.deploy.kubernetes.deployer import Site
    from pytest_storedog_gate.deploy.references import ImageReference


class Plan:
    """See `pytest_storedog_gate.deploy.Plan`."""

    def __init__(self, site: Site, reference: ImageReference) -> None:
        self._site, self._reference = site, reference

    @cached_property
    def image(self) -> ImageReference:
        return registry.resolved(self._reference)

    def lock(self) -> Iterator[str]:
        site = self._site
        found = site.deployment()
        site.lock.look()
        yield f"take the lock {site.lock.name}"
        if journal.read(found).before is not None:
            yield (
                f"put back what was live before in {site.target.deployment}: the last deployment "
                "was not concluded"
            )
        if site.previews and preview.stands(site.cluster, site.target):
            yield f"remove {site.target.candidate}, a candidate that never had traffic"

    def resolve(self) -> Iterator[str]:
        yield f"resolve {self._reference} to {self.image.digest}"

    def fetch(self) -> Iterator[str]:
        yield f"leave it to the nodes to pull {self.image.pinned}"

    def stage(self) -> Iterator[str]:
        found = self._site.deployment()
        ready = self._prepared
        yield from refusing.told(found)
        if ready.is_live(found):
            return
        ready.try_out(found)
        yield f"see that {self._site.target.deployment} would take it"
        if self._site.previews:
            yield f"start {self._site.target.candidate} and wait until it is ready"

    def promote(self) -> Iterator[str]:
        found, name = self._site.deployment(), self._site.target.deployment
        if self._prepared.is_live(found):
            yield f"leave {name} alone: it runs {self.image.brief} already"
            return
        for container in self._prepared.images:
            now = looking.images(found)[container]
            yield f"put it into container {container} of {name}, in place of {now}"

    @cached_property
    def _prepared(self) -> Prepared:
        return prepared(self._site, self.image)
