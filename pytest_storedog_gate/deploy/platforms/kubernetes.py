"""A Deployment of a Kubernetes cluster, which the user's manifests own."""

from __future__ import annotations

import re
from contextlib import nullcontext
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.deploy.environment import Address
from pytest_storedog_gate.deploy.kubernetes.target import Target
from pytest_storedog_gate.deploy.reaching.engine_address import is_loopback
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.reading.kinds import LIST, SECONDS, STRING, TABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from pytest_storedog_gate.deploy import Build, Deployer, ImageReference, Timing
    from pytest_storedog_gate.deploy.environment import Environment
    from pytest_storedog_gate.reading.table import Table

_LONGEST_NAME = 55  # characters: "-preview" is added to it, and 63 are the cluster's limit
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_NOT_YET = {"statefulset": "a StatefulSet", "rollout": "an Argo Rollout"}


def _name(text: str) -> str:
    if _NAME.fullmatch(text) is None or len(text) > _LONGEST_NAME:
        raise ValueError(
            f"{text!r} is no name here: write a-z, 0-9 and -, at most {_LONGEST_NAME} characters"
        )
    return text


def _deployment(text: str) -> str:
    """As `NAME` or as kubectl's `deployment/NAME`."""
    kind, slash, name = text.partition("/")
    if not slash:
        return _name(text)
    if kind not in ("deployment", "deployments", "deploy"):
        what = _NOT_YET.get(kind.removesuffix("s"), f"a {kind}")
        raise ValueError(f"{what} cannot be deployed to, only a Deployment can; name one")
    return _name(name)


KEYS = {"kubernetes": TABLE, "preview": STRING.meaning(Address.parse)}
TABLES = {
    "kubernetes": {
        "kubeconfig": STRING,
        "context": STRING,
        "namespace": STRING.meaning(_name),
        "deployment": STRING.meaning(_deployment),
        "containers": LIST.meaning(lambda names: tuple(map(_name, names))),
        "service": STRING.meaning(_name),
        "address": STRING.meaning(Address.parse),
        "timeout": SECONDS,
    }
}
_REFUSED = {
    key: f"{what} cannot be deployed to, only a Deployment can; name one with `deployment`"
    for key, what in _NOT_YET.items()
}


def read(table: Table, said: Mapping[str, Any], _project: str, folder: Path) -> dict[str, Any]:
    """See `Platform`."""
    own = table.table("kubernetes").read(TABLES["kubernetes"], _REFUSED)
    if "kubeconfig" in own:
        own["kubeconfig"] = folder / own["kubeconfig"]
    name = str(table.data.get("gate", ""))
    # The manifests publish it; checks are told where, as on an engine.
    publish = {"publish": {name: own.pop("address")}} if "address" in own else {}
    named = {"deployment": name, "service": name, **own}
    others = {key: value for key, value in said.items() if key != "kubernetes"}
    return {**others, **publish, "target": Target(**named)}


def check(table: Table, environment: Environment) -> None:
    """See `Platform`."""
    gated = environment.gated
    if gated is None:
        return
    for service in environment.services:
        if service is not gated:
            raise table.error(
                ("services",),
                f"{service.name} is not under the gate, and on a cluster your manifests deploy it; "
                f'take it out: services = ["{gated.name}"]',
            )
    if owned := gated.says("port"):
        raise table.error(
            ("services",),
            f"services.{gated.name} says {', '.join(owned)}, which your manifests say on a "
            "cluster; take it out there",
        )
    for key in ("deployment", "service"):
        try:
            _name(getattr(environment.target, key))
        except ValueError as error:
            problem = f"{error}; say which it is with kubernetes.{key}"
            raise table.error(("gate",), problem) from None
    _check_preview(table, environment)


def connected(
    environment: Environment,
    build: Build,
    progress: Callable[[str], None],
    redact: Callable[[str], str],
    timing: Timing = nullcontext,
) -> AbstractContextManager[Deployer]:
    """See `Platform`."""
    if find_spec("lightkube") is None:
        raise ConfigurationError(
            f"environments.{environment.name}: platform kubernetes needs lightkube, which is not "
            "installed; run: pip install 'pytest-storedog-gate[kubernetes]'"
        )
    # With the cluster's client, which a run that deploys nothing does not need.
    from pytest_storedog_gate.deploy.kubernetes import deployer  # noqa: PLC0415

    return deployer.connected(environment, build, progress, redact, timing)


def resolved(
    _environment: Environment, reference: ImageReference, _redact: Callable[[str], str]
) -> ImageReference:
    """See `Platform`: a cluster cannot be asked, so that this process asks the registry."""
    from pytest_storedog_gate.deploy import registry  # noqa: PLC0415  # as above

    return registry.resolved(reference)


def _check_preview(table: Table, environment: Environment) -> None:
    if (preview := environment.preview) is None or is_loopback(preview.host):
        return
    target: Target = environment.target
    if preview.host.partition(".")[0] != target.candidate_service:
        namespace = target.namespace or "NAMESPACE"
        raise table.error(
            ("preview",),
            f'{preview} is not where a candidate can answer: write "127.0.0.1:PORT", which this '
            "run forwards to it, or, where the checks run in the cluster, the candidate's Service: "
            f'"{target.candidate_service}.{namespace}:PORT"',
        )
