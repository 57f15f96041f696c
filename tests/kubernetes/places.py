"""Environments on the lab's cluster, as the tests of deployers see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests

from pytest_storedog_gate.deploy import Build, ImageReference
from pytest_storedog_gate.deploy.environment import Environment, Service
from pytest_storedog_gate.deploy.kubernetes.deployer import connected
from pytest_storedog_gate.deploy.kubernetes.target import Target
from tests.kubernetes.web import PORT, web

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from pytest_storedog_gate.deploy import Deployer
    from pytest_storedog_gate.deploy.environment import Address
    from tests.kubernetes.cluster import Namespace
    from tests.live.images.factory import ImageFactory

RELEASES = {"1": "serves", "2": "serves", "3": "exits", "4": "never-ready"}


class OnTheCluster:
    """What stands there first is release 0, no version of theirs: nothing, as they see it."""

    def __init__(
        self, namespace: Namespace, kubeconfig: Path, images: ImageFactory, *, replicas: int = 1
    ) -> None:
        self.namespace, self.said = namespace, list[str]()
        self._kubeconfig, self._images = kubeconfig, images
        self.old, self.new, self.bad, self.never_ready = (
            self.image(release, behaviour) for release, behaviour in RELEASES.items()
        )
        self.repository = self.old.repository
        self._of = {"1": self.old.digest, "2": self.new.digest, "4": self.never_ready.digest}
        namespace.apply(*web(images("0"), replicas=replicas))
        namespace.kubectl("rollout", "status", "deployment/web", "--timeout=120s")
        self.address = namespace.get("service/web")["spec"]["clusterIP"]

    def image(self, release: str, behaviour: str = "serves") -> ImageReference:
        tag = self._images(release, behaviour)
        return ImageReference.parse(f"{tag}@{self._images.digest(tag)}")

    def environment(
        self,
        preview: Address | None = None,
        timeout: float = 60.0,
        kubeconfig: Path | None = None,
        on_failure: str = "rollback",
    ) -> Environment:
        target = Target(
            "web",
            "web",
            kubeconfig=kubeconfig or self._kubeconfig,
            namespace=self.namespace.name,
            timeout=timeout,
        )
        return Environment(
            "staging",
            "web",
            services=(Service("web", self.repository),),
            target=target,
            preview=preview,
            platform="kubernetes",
            on_failure=on_failure,
        )

    def reach(
        self, environment: Environment | None = None, build: Build | None = None
    ) -> AbstractContextManager[Deployer]:
        return connected(environment or self.environment(), build or Build(), self.said.append, str)

    def answer(self) -> str | None:
        try:
            said = requests.get(f"http://{self.address}:{PORT}/", timeout=5).text
        except requests.RequestException:
            return None
        return self._of.get(said)

    def take_away(self) -> None:
        self.namespace.kubectl("delete", "deployment/web")
