"""A namespace of a cluster, as one run asks it. Every call has a timeout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import httpx2
from lightkube import Client
from lightkube.config.client_adapter import Client as HttpClient
from lightkube.config.client_adapter import ConnectionParams
from lightkube.core.resource import NamespacedResource, api_info
from lightkube.types import CascadeType

from pytest_storedog_gate.deploy.kubernetes.api import access
from pytest_storedog_gate.deploy.kubernetes.api.errors import Absent, Changed, cluster_errors
from pytest_storedog_gate.errors import ConfigurationError, GateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self

    from pytest_storedog_gate.deploy.kubernetes.target import Target

_TIMEOUT = httpx2.Timeout(10.0, connect=5.0)
_MANAGER = "storedog-gate"
_LOG_LINES = 20

Kind = TypeVar("Kind", bound=NamespacedResource)


class Cluster:
    """Every call raises `NoVerdict` where it is not answered, `DeploymentFailed` where refused."""

    def __init__(self, target: Target, redact: Callable[[str], str]) -> None:
        found = access.configuration(target)
        self.server = access.shown(found)
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

    def find(self, kind: type[Kind], name: str) -> Kind | None:
        try:
            with self._asked("get", kind, name):
                return self._client.get(kind, name)
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

    def list(self, kind: type[Kind], labels: Mapping[str, str]) -> list[Kind]:
        with self._asked("list", kind):
            return list(self._client.list(kind, labels=dict(labels)))

    def create(self, thing: Kind) -> Kind | None:
        """The object as it is then; None where there is one of this name."""
        name = _name(thing)
        try:
            with self._asked("create", type(thing), name):
                return self._client.create(thing)
        except Changed:
            return None

    def replace(self, thing: Kind) -> Kind:
        """`Changed` where it is not the version that was read, or is gone."""
        name = _name(thing)
        try:
            with self._asked("update", type(thing), name):
                return self._client.replace(thing)
        except Absent:
            raise Changed(f"{name} was deleted by somebody else; run again") from None

    def patch(
        self, kind: type[Kind], name: str, change: Mapping[str, Any], *, dry: bool = False
    ) -> Kind:
        """`Changed` where the change's resourceVersion is not that of the object, or it is gone."""
        try:
            with self._asked("patch", kind, name):
                return self._client.patch(kind, name, dict(change), dry_run=dry)
        except Absent:
            raise Changed(f"{name} was deleted by somebody else; run again") from None

    def delete(self, kind: type[Kind], name: str) -> None:
        """What belongs to it goes soon after; one that is gone is no error."""
        try:
            with self._asked("delete", kind, name):
                self._client.delete(kind, name, cascade=CascadeType.BACKGROUND)
        except Absent:
            pass

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

    def _asked(self, verb: str, kind: type[NamespacedResource], name: str = "") -> Any:
        what = f"{api_info(kind).plural} {name}".strip()
        return cluster_errors(self.server, verb, what, self._redact)


def _name(thing: Any) -> str:
    return str(thing.metadata.name)
