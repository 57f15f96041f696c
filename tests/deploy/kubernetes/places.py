"""Environments on the fake cluster, as the tests of deployers see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy import Build, ImageReference
from pytest_storedog_gate.deploy.environment import Environment, Service
from pytest_storedog_gate.deploy.kubernetes.deployer import connected
from pytest_storedog_gate.deploy.kubernetes.target import Target
from tests.deploy.kubernetes.fake_cluster import FakeCluster, deployment, service

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from pytest_storedog_gate.deploy import Deployer
    from pytest_storedog_gate.deploy.environment import Address

REPOSITORY = "r.test/shop"
NOTHING = f"{REPOSITORY}:a-page-under-construction"


def image(number: int) -> ImageReference:
    """The one of a number."""
    return ImageReference(REPOSITORY, f"{number}", f"sha256:{number:064x}")


class OnTheFake:
    """What stands there first is a page that is no version of theirs: nothing, as they see it."""

    old, new, bad = image(1), image(2), image(3)

    def __init__(self, cluster: FakeCluster, folder: Path) -> None:
        self.cluster, self.said = cluster, list[str]()
        self._kubeconfig = folder / "kubeconfig"
        self._kubeconfig.write_text(cluster.kubeconfig)
        cluster.bad.add(self.bad.pinned)
        cluster.apply("services", service("shop"))
        cluster.apply("deployments", deployment("shop", NOTHING))

    def environment(
        self, preview: Address | None = None, timeout: float = 5.0, port: int | None = None
    ) -> Environment:
        shop = Service("shop", REPOSITORY, port)
        target = Target("shop", "shop", kubeconfig=self._kubeconfig, timeout=timeout)
        return Environment(
            "staging", "shop", services=(shop,), target=target, preview=preview, platform="kub"
        )

    def reach(
        self, environment: Environment | None = None, build: Build | None = None
    ) -> AbstractContextManager[Deployer]:
        return connected(
            environment or self.environment(),
            build or Build(),
            self.said.append,
            lambda text: text.replace("hunter2-secret", "********"),
        )

    def answer(self) -> str | None:
        found = self.cluster.answering("shop") - {NOTHING}
        assert len(found) <= 1
        return next(iter(found)).partition("@")[2] if found else None

    def take_away(self) -> None:
        with self.cluster._lock:
            self.cluster._remove("deployments", "shop")
