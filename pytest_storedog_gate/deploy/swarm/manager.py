"""The manager: every call that a deployment to a Swarm makes, with the gate's errors."""

from __future__ import annotations

import base64
import json
import os
import re
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from docker.errors import APIError, NotFound

from pytest_storedog_gate.deploy.docker.engine import Engine
from pytest_storedog_gate.deploy.docker.engine.errors import explanation
from pytest_storedog_gate.deploy.reaching import logins
from pytest_storedog_gate.deploy.references import ImageReference
from pytest_storedog_gate.deploy.swarm.models import Node, Service, Task
from pytest_storedog_gate.errors import ConfigurationError, DeploymentFailed, NoVerdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import requests

    from pytest_storedog_gate.deploy.reaching.engine_address import EngineAddress
    from pytest_storedog_gate.deploy.swarm.models import Spec

_LOG_LINES = 30
_CONFLICT, _GONE = 409, 404
_OUT_OF_SEQUENCE = "update out of sequence"
_SPEECHLESS = re.compile("not have a leader|deadline exceeded|Unavailable|not a swarm manager")
_TRIES = 5
_NOTHING = b"The labels say it."


@dataclass(frozen=True)
class Note:
    """A config object of the Swarm, of which only the labels say something.

    Each change of it gives it another `version`; `created` and `changed` are by its clock.
    """

    id: str
    version: int
    labels: Mapping[str, str]
    created: str
    changed: str


class Manager(Engine):
    """An engine that manages a Swarm; its own `node` is one of the Swarm's, by this ID."""

    def __init__(self, address: EngineAddress, redact: Callable[[str], str]) -> None:
        """ConfigurationError where the engine manages none."""
        super().__init__(address, redact)
        with self._errors():
            swarm = self._api.info()["Swarm"]
        self.node: str = swarm.get("NodeID", "")
        if not swarm.get("ControlAvailable"):
            self.close()
            raise ConfigurationError(
                f"the engine {address.text} manages no Swarm (it is "
                f"{swarm.get('LocalNodeState', 'inactive')} there): name a manager in `engine`"
            )

    def another(self) -> Manager:
        return Manager(self._address, self.redact)

    # Services

    def find_service(self, name: str) -> Service | None:
        """The service with exactly this name."""
        with self._errors():
            try:
                found = self._api.inspect_service(name)  # type: ignore[no-untyped-call]
            except NotFound:
                return None
        # The engine takes the beginning of an ID, too.
        return Service.from_inspection(found) if found["Spec"]["Name"] == name else None

    def get_service(self, name: str) -> Service:
        found = self.find_service(name)
        if found is None:
            raise DeploymentFailed(f"{name} is gone from the Swarm: somebody else removed it")
        return found

    def change_service(self, name: str, change: Callable[[Service], Spec]) -> Service:
        """Updates a service, and gives it as it was before.

        `change` says what it is to be, and may refuse; it is asked again where somebody else was
        faster, as the Swarm is itself while it updates one.
        """
        for _ in range(_TRIES):
            found = self.get_service(name)
            if self._update(found, change(found)):
                return found
        raise NoVerdict(
            f"{name} is changed all the time by somebody else: nothing was overwritten; see who is "
            "at work there, and run again"
        )

    def services(self, label: str = "") -> list[Service]:
        """All of them, or those that have a label, NAME=TEXT."""
        with self._errors():
            listed = self._api.services({"label": label} if label else None)  # type: ignore[no-untyped-call]
        return [Service.from_inspection(each) for each in listed]

    def create_service(self, spec: Spec) -> bool:
        """Creates one; False where its name is taken."""
        api = self._api
        with self._errors():
            url = f"{api.base_url}/v{api.api_version}/services/create"
            answer = api.post(url, json=dict(spec), headers=_login(spec))
            if answer.status_code == _CONFLICT:
                return False
            _require_ok(answer)
            return True

    def remove_service(self, service: Service) -> None:
        """Removes one; missing is fine. Its tasks end a moment later."""
        with self._errors(), suppress(NotFound):
            self._api.remove_service(service.id)  # type: ignore[no-untyped-call]

    def tasks(self, service: Service) -> list[Task]:
        """Those of a service, ended ones included as long as the Swarm remembers them."""
        with self._errors():
            listed = self._api.tasks({"service": service.name})  # type: ignore[no-untyped-call]
        # The filter takes the beginning of a name, too.
        return [Task.from_inspection(each) for each in listed if each["ServiceID"] == service.id]

    def nodes(self) -> Mapping[str, Node]:
        with self._errors():
            listed = self._api.nodes()
        return {each["ID"]: Node.from_inspection(each) for each in listed}

    def network_driver(self, network: str) -> str:
        """By the network's ID; "" where it is gone."""
        with self._errors():
            try:
                return str(self._api.inspect_network(network)["Driver"])
            except NotFound:
                return ""

    def task_logs(self, task: str) -> str:
        """The last lines that a task's container wrote, with secrets masked."""
        api = self._api
        with self._errors():
            url = f"{api.base_url}/v{api.api_version}/tasks/{task}/logs"
            wanted = {"stdout": "1", "stderr": "1", "tail": str(_LOG_LINES)}
            answer = api.get(url, params=wanted)
            if not answer.ok:  # its node is gone, or its logging driver keeps nothing
                return ""
        return self.redact(_frames(answer.content).decode(errors="replace").strip())

    # Notes

    def find_note(self, name: str) -> Note | None:
        with self._errors():
            listed = self._api.configs(filters={"name": name})  # type: ignore[no-untyped-call]
        return next((_note(each) for each in listed if each["Spec"]["Name"] == name), None)

    def create_note(self, name: str, labels: Mapping[str, str]) -> str | None:
        """Creates one and gives its ID; None where the name is taken."""
        with self._errors():
            try:
                return str(self._api.create_config(name, _NOTHING, dict(labels))["ID"])
            except APIError as error:
                if error.status_code == _CONFLICT:
                    return None
                raise

    def change_note(self, name: str, note: Note, labels: Mapping[str, str]) -> bool:
        """Changes what it says, unless somebody else was faster."""
        spec = {"Name": name, "Labels": dict(labels)}
        return self._changed(f"configs/{note.id}", note.version, spec)

    def remove_note(self, note: str) -> None:
        """Removes one by its ID; missing is fine."""
        with self._errors(), suppress(NotFound):
            self._api.remove_config(note)  # type: ignore[no-untyped-call]

    @contextmanager
    def _errors(self) -> Iterator[None]:
        with super()._errors(), swarm_errors(self.endpoint, self.redact):
            yield

    def _update(self, service: Service, spec: Spec) -> bool:
        return self._changed(f"services/{service.id}", service.version, spec, _login(spec))

    def _changed(
        self, what: str, version: int, spec: Spec, headers: Mapping[str, str] | None = None
    ) -> bool:
        """Compares and swaps: False where it is of another version by now, or gone."""
        api = self._api
        with self._errors():
            url = f"{api.base_url}/v{api.api_version}/{what}/update"
            answer = api.post(url, params={"version": version}, json=dict(spec), headers=headers)
            if answer.status_code == _GONE or (not answer.ok and _OUT_OF_SEQUENCE in answer.text):
                return False
            _require_ok(answer)
            return True


@contextmanager
def swarm_errors(endpoint: str, redact: Callable[[str], str]) -> Iterator[None]:
    """Managers that cannot agree have not refused: `NoVerdict`. The rest passes."""
    try:
        yield
    except APIError as error:
        text = explanation(error)
        if not _SPEECHLESS.search(text):
            raise
        raise NoVerdict(
            f"the Swarm at {endpoint} cannot be asked ({redact(text)}): see its managers with "
            "docker node ls, and run again"
        ) from error


def _require_ok(answer: requests.Response) -> None:
    if not answer.ok:
        text: Any = answer.json().get("message", answer.text)
        raise APIError(text, answer, text)


def _login(spec: Spec) -> dict[str, str]:
    """Without one, the nodes go on with the login that the service has."""
    registry = ImageReference.parse(spec["TaskTemplate"]["ContainerSpec"]["Image"]).registry
    login = logins.login(registry, os.environ)
    if not login:
        return {}
    return {"X-Registry-Auth": base64.urlsafe_b64encode(json.dumps(login).encode()).decode()}


def _note(found: Mapping[str, Any]) -> Note:
    labels = found["Spec"].get("Labels") or {}
    return Note(
        found["ID"], found["Version"]["Index"], labels, found["CreatedAt"], found["UpdatedAt"]
    )


def _frames(stream: bytes) -> bytes:
    """The text of a log: each piece of it has a head of eight bytes, the last four its length."""
    text = b""
    while len(stream) >= 8:
        end = 8 + int.from_bytes(stream[4:8])
        text, stream = text + stream[8:end], stream[end:]
    return text
