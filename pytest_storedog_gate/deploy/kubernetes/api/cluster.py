"""A namespace of a cluster, as one run asks it. Every call has a timeout."""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import httpx2
from lightkube import Client
from lightkube.config.client_adapter import Client as HttpClient
from lightkube.config.client_adapter import ConnectionParams
from lightkube.core.exceptions import ApiError
from lightkube.core.resource import NamespacedResource, api_info
from lightkube.models.meta_v1 import ObjectMeta

from pytest_storedog_gate.deploy.kubernetes.api import access
from pytest_storedog_gate.deploy.kubernetes.api.errors import (
    Absent,
    Changed,
    NotLet,
    Unanswered,
    cluster_errors,
)
from pytest_storedog_gate.deploy.kubernetes.api.silence import outlasted
from pytest_storedog_gate.errors import ConfigurationError, GateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Self

    from pytest_storedog_gate.deploy.kubernetes.target import Target

_TIMEOUT = httpx2.Timeout(10.0, connect=5.0)
_MANAGER = "storedog-gate"
_LOG_LINES = 20

Kind = TypeVar("Kind", bound=NamespacedResource)


class Cluster:
    """Every call raises `NoVerdict` where it is not answered, `DeploymentFailed` where refused.

    `heard`: see `silence`. What only looks outlasts a silence, and so does what may be done twice.
    """

    def __init__(self, target: Target, redact: Callable[[str], str]) -> None:
        found = access.configuration(target)
        self.server = access.shown(found)
        self.heard = -math.inf
        self._let = set[tuple[str, str]]()
        self._redact = redact
        self._configuration = found
        try:
            self._client = Client(found, target.namespace, timeout=_TIMEOUT, field_manager=_MANAGER)
        # A certificate that is none, a port that is none: of the libraries below, whatever it is.
        except Exception as error:  # noqa: BLE001
            raise ConfigurationError(
                f"the kubeconfig's cluster {self.server} cannot be used ({type(error).__name__}): "
                "correct its server, its certificates and its login"
            ) from None
        self.namespace = str(self._client.namespace)
        flags = [f"--kubeconfig {target.kubeconfig}"] if target.kubeconfig else []
        flags += [f"--context {target.context}"] if target.context else []
        self.kubectl = " ".join(["kubectl", *flags, "-n", self.namespace])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    @outlasted
    def find(self, kind: type[Kind], name: str) -> Kind | None:
        try:
            with self._asked("get", kind, name):
                return _genuine(kind, name, self._client.get(kind, name))
        except Absent:
            return None

    def get(self, kind: type[Kind], name: str) -> Kind:
        """ConfigurationError where there is none."""
        found = self.find(kind, name)
        if found is None:
            raise ConfigurationError(
                f"there is no {kind.__name__} {name} in the namespace {self.namespace} of "
                f"{self.server}: your manifests make it (a StatefulSet or an Argo Rollout cannot "
                "be deployed to); apply them first, or correct the environment's `kubernetes`"
            )
        return found

    @outlasted
    def list(self, kind: type[Kind], labels: Mapping[str, str]) -> list[Kind]:
        with self._asked("list", kind):
            found = self._client.list(kind, labels=dict(labels))
            return [_genuine(kind, None, each) for each in found]

    def create(self, thing: Kind) -> Kind | None:
        """The object as it is then; None where there is one of this name."""
        name = _name(thing)
        try:
            with self._asked("create", type(thing), name):
                return _genuine(type(thing), name, self._client.create(thing))
        except Changed:
            return None

    def replace(self, thing: Kind) -> Kind:
        """`Changed` where it is not the version that was read, or is gone."""
        name = _name(thing)
        try:
            with self._asked("update", type(thing), name):
                return _genuine(type(thing), name, self._client.replace(thing))
        except Absent:
            raise Changed(f"{name} was deleted by somebody else; run again") from None

    @outlasted
    def would_patch(self, kind: type[Kind], name: str, change: Mapping[str, Any]) -> Kind:
        """What `patch` would make of it; nothing is changed."""
        return self._patch(kind, name, change, dry=True)

    def patch(self, kind: type[Kind], name: str, change: Mapping[str, Any]) -> Kind:
        """`Changed` where the change's resourceVersion is not that of the object, or it is gone."""
        return self._patch(kind, name, change, dry=False)

    def _patch(self, kind: type[Kind], name: str, change: Mapping[str, Any], *, dry: bool) -> Kind:
        try:
            with self._asked("patch", kind, name):
                made = self._client.patch(kind, name, dict(change), dry_run=dry)
                return _genuine(kind, name, made)
        except Absent:
            raise Changed(f"{name} was deleted by somebody else; run again") from None

    @outlasted
    def delete(self, found: Kind) -> None:
        """What belongs to it goes soon after; one that is gone is no error.

        What somebody else has made by its name since it was found stays.
        """
        kind, name, uid = type(found), _name(found), _metadata(found).uid
        try:
            with self._asked("delete", kind, name), self.http() as client:
                # lightkube's own call can say no preconditions.
                answer = client.request(
                    "DELETE",
                    self._path(kind, name),
                    json={"preconditions": {"uid": uid}, "propagationPolicy": "Background"},
                )
                if answer.is_error:
                    raise ApiError(response=answer)
        except (Absent, Changed):
            return
        # Nothing of that answer was read: it may be anybody's.
        left = self.find(kind, name)
        if left is None or _metadata(left).uid != uid:
            return
        if _metadata(left).deletionTimestamp is None:
            raise Unanswered(
                f"the cluster {self.server} said that it deletes {kind.__name__} {name}, and it "
                "stands as before: see what answers there, and run again"
            )

    def logs(self, pod: str, container: str) -> str:
        """The last lines, for people: that there are none for whatever reason is no error."""
        from lightkube.resources.core_v1 import Pod  # noqa: PLC0415

        try:
            with self._asked("get", Pod, f"{pod}/log"):
                lines = list(
                    self._client.log(
                        pod, container=container, tail_lines=_LOG_LINES, newlines=False
                    )
                )
        except Absent:
            return ""
        except GateError as error:
            return f"(its log cannot be read: {error})"
        return self._redact("\n".join(lines))

    def http(self) -> httpx2.Client:
        """A client of the same login, for what lightkube does not do; who asks for it closes it."""
        return HttpClient(self._configuration, ConnectionParams(timeout=_TIMEOUT))

    def _path(self, kind: type[NamespacedResource], name: str) -> str:
        resource = api_info(kind).resource
        root = f"/apis/{resource.group}" if resource.group else "/api"
        plural = api_info(kind).plural
        return f"{root}/{resource.version}/namespaces/{self.namespace}/{plural}/{name}"

    @contextmanager
    def _asked(self, verb: str, kind: type[NamespacedResource], name: str = "") -> Iterator[None]:
        what = f"{api_info(kind).plural} {name}".strip()
        right = (verb, api_info(kind).plural)
        try:
            with cluster_errors(self.server, verb, what, self._redact):
                yield
        except NotLet as error:
            # An API server that is started anew answers before it knows logins and roles.
            if right in self._let:
                raise Unanswered(str(error)) from None
            raise
        self._let.add(right)
        self.heard = time.monotonic()


def _name(thing: Any) -> str:
    return str(thing.metadata.name)


def _metadata(thing: Any) -> ObjectMeta:
    return thing.metadata or ObjectMeta()


def _genuine(kind: type[Kind], name: str | None, found: Kind) -> Kind:
    """What was asked for: what can be decoded may be something else, or half of it."""
    metadata, said = _metadata(found), getattr(found, "kind", None) or kind.__name__
    # A Lease that nobody has held yet has no spec.
    whole = getattr(found, "spec", True) is not None or kind.__name__ == "Lease"
    if said != kind.__name__ or (name or metadata.name) != metadata.name:
        raise ValueError(f"the {said} {metadata.name}")
    if not (metadata.name and metadata.resourceVersion and whole):
        raise ValueError(f"without the name, the version or the spec of a {said}")
    return found
