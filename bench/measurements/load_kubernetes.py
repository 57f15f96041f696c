"""The same under load on a Kubernetes cluster, with and without a preview, and by kubectl.

Clients ask the Service as in `load`, at least 10,000 times in all, while a release is rolled out,
one is refused by a check that runs for two seconds, and the release before is put back. By hand
that is `kubectl set image` and `rollout status`, the check, and where it fails `rollout undo`. The
manifests are those that a service without interruptions needs: no pod is taken away before another
one is ready, and one that is to end serves until the longest request is through. Then the service
hands on the connections that clients keep, with `Connection: close`.

It needs the cluster of `lab/up --kubernetes` and the registry, and removes what it makes.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import environments
from bench.environments import SCRIPTS
from bench.measurements.load import ByGate, check_by_hand, ends, loaded
from bench.process import FailedError
from bench.rounds import Case, value
from bench.site import started
from lab.offline import programs
from lab.offline.kubernetes import cluster as lab
from tests.kubernetes.cluster import Cluster
from tests.kubernetes.web import PORT, web
from tests.live.images.factory import ImageFactory
from tests.live.releases import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from tests.kubernetes.cluster import Namespace

_BY_HAND = "kubectl"
_LINGERS = 17  # s; the longest request takes 15
_TOML = """\
[synthetics]
backend = "local"
definitions = ["*.synthetics.json"]

[services.web]
image = "{repository}"

[environments.staging]
platform = "kubernetes"
gate = "web"
services = ["web"]
checks = ["{check}"]
{preview}
[environments.staging.kubernetes]
kubeconfig = "{kubeconfig}"
namespace = "{namespace}"
"""
_HAND = """\
set -eu
kubectl() {{ "$KUBERNETES" kubectl --kubeconfig="$CONFIG" --namespace="$NAMESPACE" "$@"; }}
kubectl set image deployment/web "web=$NEW"
kubectl rollout status deployment/web
{check} || {{ kubectl rollout undo deployment/web; kubectl rollout status deployment/web; exit 1; }}
"""
_UNDO = """\
set -eu
kubectl() {{ "$KUBERNETES" kubectl --kubeconfig="$CONFIG" --namespace="$NAMESPACE" "$@"; }}
kubectl rollout undo deployment/web
kubectl rollout status deployment/web
{check}
"""


@dataclass(frozen=True)
class OnTheCluster:
    """Two pods of one peer's, in a namespace of its own."""

    namespace: Namespace
    folder: Path

    def asked_by(self, script: str, *arguments: str) -> AbstractContextManager[dict[str, Any]]:
        """See `bench.environments.asked`."""
        address = self.namespace.get("service/web")["spec"]["clusterIP"]
        url = f"http://{address}:{PORT}"
        return environments.asked([sys.executable, str(SCRIPTS / script), url, *arguments])


def cases(*, quick: bool) -> Iterator[Case]:
    """One after the other, as each takes the machine's cores."""
    if not lab.stands():
        raise FailedError("no cluster: python -m lab.offline.kubernetes up")
    at_least = 1_000 if quick else 10_000
    with ExitStack() as stack:
        engine = stack.enter_context(environments.engine())
        site = stack.enter_context(started("bench.site"))
        made = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        images = ImageFactory(engine, "127.0.0.1:5000")
        stack.callback(images.remove)
        releases = {each: images(each, "hands-on") for each in ("1", "2", "bad")}
        for name in ("preview",) if quick else ("preview", "no preview", _BY_HAND):
            namespace = stack.enter_context(Cluster().namespace())
            folder = made / name.replace(" ", "-")
            folder.mkdir()
            namespace.apply(*web(releases["1"], lingers=_LINGERS))
            namespace.kubectl("rollout", "status", "deployment/web", "--timeout=120s")
            own = OnTheCluster(namespace, folder)
            if name == _BY_HAND:
                does: _Gate | _Hand = _Hand(own, releases, site.url)
            else:
                does = _Gate(own, images, releases, site.url, previews=name == "preview")
            wanted = [value(each, 0) for each in ("failed", "outage, s")]
            wanted += [value("unproved", 0)] if name == "preview" else []
            yield Case(
                name, {name: partial(loaded, does, at_least)}, [] if name == _BY_HAND else wanted
            )


class _Gate(ByGate):
    def __init__(
        self,
        own: OnTheCluster,
        images: ImageFactory,
        releases: Mapping[str, str],
        site: str,
        *,
        previews: bool,
    ) -> None:
        self.own, self._images = own, images
        self._preview = f'preview = "127.0.0.1:{free_port()}"\n' if previews else ""
        super().__init__(own, "staging", releases, site)

    def toml(self, check: str) -> str:
        return _TOML.format(
            repository=self._images.repository,
            check=check,
            preview=self._preview,
            kubeconfig=Cluster.kubeconfig,
            namespace=self.own.namespace.name,
        )

    def is_live(self, release: str) -> bool:
        pods = self.own.namespace.get("pods", "--selector=app=web")["items"]
        found = {
            pod["spec"]["containers"][0]["image"].partition("@")[2]
            for pod in pods
            if "deletionTimestamp" not in pod["metadata"]
        }
        return found == {self._images.digest(self._releases[release])}


class _Hand:
    """Deploys with kubectl."""

    def __init__(self, own: OnTheCluster, releases: Mapping[str, str], site: str) -> None:
        self.own, self._releases, self._site = own, releases, site

    def deploy(self, release: str) -> None:
        self._run(_HAND, 0, release)

    def refuse(self, release: str) -> None:
        self._run(_HAND, 1, release)

    def put_back(self, release: str) -> None:
        self._run(_UNDO, 0, release)

    def _run(self, script: str, status: int, release: str) -> None:
        text = script.format(check=check_by_hand(self._site, good=status == 0))
        more = {
            "KUBERNETES": str(programs.KUBERNETES.path),
            "CONFIG": str(Cluster.kubeconfig),
            "NAMESPACE": self.own.namespace.name,
            "NEW": self._releases[release],
        }
        ends(["sh", "-c", text], status, self.own, **more)
