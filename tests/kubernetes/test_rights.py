"""The Role of the page is enough, and each verb of it is needed: a sentence names it."""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml

from pytest_storedog_gate.deploy.environment import Address
from pytest_storedog_gate.errors import GateError, RollbackFailed
from tests.kubernetes.places import OnTheCluster
from tests.live.releases import free_port
from tests.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_storedog_gate.deploy import ImageReference
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
# What a run asks for that nobody misses in one that goes well.
_FOR_WHAT_GOES_WRONG = {("pods/log", "get")}


def verbs() -> list[tuple[int, str]]:
    """Each rule's place in the Role, and a verb of it."""
    return [
        (place, verb)
        for place, rule in enumerate(ROLE["rules"])
        for verb in rule["verbs"]
        if (rule["resources"][0], verb) not in _FOR_WHAT_GOES_WRONG
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


def run(place: OnTheCluster, login: Login, image: ImageReference) -> None:
    """A run that deploys, with a candidate that is asked."""
    preview = Address("127.0.0.1", free_port())
    environment = place.environment(preview, kubeconfig=login.kubeconfig)
    with place.reach(environment) as deployer, deployer.lock(wait=20) as held:
        if "A person is needed" in (mended := held.recover() or ""):
            raise RollbackFailed(mended)
        staged = held.fetch(image).stage()
        requests.get(f"http://{preview}/", timeout=10)
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
        try:
            run(place, login, place.new)
        except GateError as error:
            if f"the verb {verb} on {resource}" not in str(error):
                wrong.append(f"{verb} {resource}: {error}")
        except requests.RequestException:
            assert resource == "pods/portforward"
        else:
            wrong.append(f"{verb} {resource} is not needed")
    assert wrong == []
    login.may(ROLE["rules"])
    run(place, login, place.new)
    assert place.answer() == place.new.digest
