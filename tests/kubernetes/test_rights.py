"""The Role of the page is enough, and each verb of it is needed: a sentence names it."""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from pytest_storedog_gate.deploy.environment import Address
from pytest_storedog_gate.errors import GateError, RollbackFailed
from tests.kubernetes.places import OnTheCluster
from tests.kubernetes.web import PORT
from tests.live.releases import free_port
from tests.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kubernetes.cluster import Cluster, Namespace
    from tests.live.images.factory import ImageFactory

pytestmark = pytest.mark.kubernetes
PAGE = (ROOT / "docs/how-to/deploying/kubernetes.md").read_text("utf-8")
# The block that begins with "apiVersion: rbac", for a Deployment that is called otherwise here.
ROLE: dict[str, Any] = yaml.safe_load(
    re.search(r"```yaml\n(apiVersion: rbac.*?)```", PAGE, re.DOTALL)[1].replace(  # type: ignore[index]
        "discounts", "web"
    )
)
# Clusters from 1.35 on ask for it, and the lab's is an earlier one.
_LATER = ("pods/portforward", "create")


def verbs() -> list[tuple[int, str]]:
    """Each rule's place in the Role, and a verb of it."""
    return [
        (place, verb)
        for place, rule in enumerate(ROLE["rules"])
        for verb in rule["verbs"]
        if (rule["resources"][0], verb) != _LATER
    ]


class Login:
    """A user of the cluster with a Role alone."""

    def __init__(self, namespace: Namespace, kubeconfig: Path, folder: Path) -> None:
        self.namespace = namespace
        self.kubeconfig = folder / "kubeconfig"
        namespace.kubectl("create", "serviceaccount", "gate")
        subject = f"--serviceaccount={namespace.name}:gate"
        namespace.kubectl("create", "rolebinding", "gate", "--role=storedog-gate", subject)
        token = namespace.kubectl("create", "token", "gate").strip()
        said = yaml.safe_load(kubeconfig.read_text())
        said["users"] = [{"name": each["name"], "user": {"token": token}} for each in said["users"]]
        self.kubeconfig.write_text(json.dumps(said))

    def may(self, rules: list[dict[str, Any]]) -> None:
        role = copy.deepcopy(ROLE)
        role["metadata"]["namespace"] = self.namespace.name
        self.namespace.apply({**role, "rules": rules})


def without(place: int, verb: str) -> list[dict[str, Any]]:
    rules = copy.deepcopy(ROLE["rules"])
    rules[place]["verbs"].remove(verb)
    return [rule for rule in rules if rule["verbs"]]


def run(place: OnTheCluster, login: Login, resource: str) -> None:
    """A run that deploys, with a candidate; one that comes to use the resource."""
    by_name = Address(f"web-preview.{place.namespace.name}", PORT)
    forwarded = resource == "pods/portforward"
    preview = Address("127.0.0.1", free_port()) if forwarded else by_name
    environment = place.environment(preview, kubeconfig=login.kubeconfig)
    with place.reach(environment) as deployer, deployer.lock(wait=20) as held:
        if "A person is needed" in (mended := held.recover() or ""):
            raise RollbackFailed(mended)
        # What one wrote is only asked for when it does not become ready.
        staged = held.fetch(place.bad if resource == "pods/log" else place.new).stage()
        live = staged.promote()
        live.prove()
        live.conclude()


@pytest.mark.long
def test_each_verb_is_needed_and_named(
    cluster: Cluster, namespace: Namespace, images: ImageFactory, tmp_path: Path
) -> None:
    place = OnTheCluster(namespace, cluster.kubeconfig, images)
    login = Login(namespace, cluster.kubeconfig, tmp_path)
    wrong = []
    for number, verb in verbs():
        resource = ROLE["rules"][number]["resources"][0]
        login.may(without(number, verb))
        namespace.kubectl("delete", "lease", "--all")  # else nobody needs to create one
        try:
            run(place, login, resource)
        except GateError as error:
            if not re.search(rf"the verbs? .*\b{verb}\b.* on {resource}", str(error)):
                wrong.append(f"{verb} {resource}: {error}")
        else:
            wrong.append(f"{verb} {resource} is not needed")
    assert wrong == []
    login.may(ROLE["rules"])
    run(place, login, "deployments")
    assert place.answer() == place.new.digest
