"""The gate in a pod of the cluster, with its service account and the Role of the page."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lab.offline.kubernetes.addresses import NODE
from lab.offline.kubernetes.certificates import AUTHORITY
from pytest_storedog_gate.deploy.kubernetes.api import access
from pytest_storedog_gate.errors import NoVerdict
from tests.conftest import http_check
from tests.kubernetes.places import OnTheCluster
from tests.kubernetes.test_rights import ROLE
from tests.kubernetes.web import PORT
from tests.live.images.factory import BASE
from tests.repository import ROOT

if TYPE_CHECKING:
    from tests.kubernetes.cluster import Cluster, Namespace
    from tests.live.images.factory import ImageFactory

pytestmark = pytest.mark.kubernetes
TOML = """\
[synthetics]
backend = "local"
definitions = ["*.synthetics.json"]
batch_timeout = 60

[services.web]
image = "{image}"
port = 8080

[environments.staging]
platform = "kubernetes"
gate = "web"
services = ["web"]
checks = ["web-say-its"]
preview = "127.0.0.1:12815"
overrides = {{ variables = {{ SHOP = "http://{address}" }} }}

[environments.staging.kubernetes]
address = "{address}"
"""


@pytest.fixture
def place(cluster: Cluster, namespace: Namespace, images: ImageFactory) -> OnTheCluster:
    """A service account `gate` may do there what the page says."""
    namespace.kubectl("create", "serviceaccount", "gate")
    role = {**ROLE, "metadata": {**ROLE["metadata"], "namespace": namespace.name}}
    namespace.apply(role)
    account = f"--serviceaccount={namespace.name}:gate"
    namespace.kubectl("create", "rolebinding", "gate", "--role=storedog-gate", account)
    return OnTheCluster(namespace, cluster.kubeconfig, images)


def pod(folder: Path, *command: str) -> dict[str, Any]:
    """It has this machine's Python and this checkout, and of the cluster its account alone."""
    there = {Path("/usr"), Path(sys.prefix), Path(sys.base_prefix), ROOT, folder}
    mounts = [{"name": f"m{n}", "mountPath": str(each)} for n, each in enumerate(sorted(there))]
    container = {
        "name": "gate",
        "image": BASE,
        "command": [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *command],
        "workingDir": str(folder),
        "env": [{"name": "HOME", "value": str(folder)}],
        "securityContext": {"runAsUser": 0},
        "volumeMounts": mounts,
    }
    volumes = [{"name": m["name"], "hostPath": {"path": m["mountPath"]}} for m in mounts]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "gate"},
        "spec": {
            "serviceAccountName": "gate",
            "restartPolicy": "Never",
            "containers": [container],
            "volumes": volumes,
        },
    }


def test_a_run_in_a_pod_deploys_with_its_own_account(place: OnTheCluster, tmp_path: Path) -> None:
    """It is told of no kubeconfig, no namespace and no context."""
    check = http_check("web-say-its", "/", "what the page says")
    (tmp_path / "all.synthetics.json").write_text(json.dumps({"tests": [check]}))
    address = f"{place.address}:{PORT}"
    toml = TOML.format(image=place.repository, address=address)
    (tmp_path / "storedog.toml").write_text(toml)
    image = f"--storedog-image={place.new.pinned}"
    place.namespace.apply(pod(tmp_path, "--storedog-env=staging", image))
    place.namespace.kubectl(
        "wait",
        "pod/gate",
        "--for=jsonpath={.status.containerStatuses[0].state.terminated}",
        "--timeout=180s",
    )
    state = place.namespace.get("pod/gate")["status"]["containerStatuses"][0]["state"]
    said = place.namespace.kubectl("logs", "pod/gate")
    assert state["terminated"]["exitCode"] == 0, said
    assert place.answer() == place.new.digest


class Account:
    """What a pod finds of its service account, outside of one."""

    def __init__(self, place: OnTheCluster, folder: Path) -> None:
        self._namespace, self._token = place.namespace, folder / "token"
        (folder / "ca.crt").write_bytes(AUTHORITY.read_bytes())
        (folder / "namespace").write_text(place.namespace.name)
        self.renew()

    def renew(self) -> None:
        self._token.write_text(self._namespace.kubectl("create", "token", "gate"))

    def end(self) -> None:
        """A token is of an account that is there no more, as one that has expired."""
        self._namespace.kubectl("delete", "serviceaccount", "gate")
        self._namespace.kubectl("create", "serviceaccount", "gate")


def test_a_token_that_is_renewed_while_a_run_goes_on(
    place: OnTheCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Account(place, tmp_path)
    monkeypatch.setattr(access, "SERVICE_ACCOUNT", str(tmp_path))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", NODE)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "6443")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    environment = place.environment()
    object.__setattr__(environment.target, "kubeconfig", None)
    with place.reach(environment) as deployer, deployer.lock() as held:
        live = held.fetch(place.new).stage().promote()
        account.end()
        with pytest.raises(NoVerdict, match="does not know this login"):
            _until_it_raises(live.prove)
        account.renew()
        live.prove()
        live.conclude()
    assert place.answer() == place.new.digest


def _until_it_raises(prove: Any) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        prove()
