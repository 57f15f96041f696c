"""The engine: every call that the deployment makes, bounded in time, with the gate's errors."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from docker.errors import APIError, NotFound

from pytest_storedog_gate.deploy.docker import names as labels
from pytest_storedog_gate.deploy.docker.container import Container
from pytest_storedog_gate.deploy.docker.engine import creation
from pytest_storedog_gate.deploy.docker.engine.errors import engine_errors, registry_errors
from pytest_storedog_gate.deploy.docker.traffic.sockets import peers
from pytest_storedog_gate.deploy.docker.traffic.stopping import PS_ARGUMENTS, hears
from pytest_storedog_gate.deploy.reaching import logins
from pytest_storedog_gate.deploy.reaching.client import CALL
from pytest_storedog_gate.deploy.reaching.engine_address import is_loopback
from pytest_storedog_gate.deploy.reaching.ways import way_to
from pytest_storedog_gate.deploy.runtime import SECRETS
from pytest_storedog_gate.errors import DeploymentFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    import requests

    from pytest_storedog_gate.deploy.docker.specification import Spec
    from pytest_storedog_gate.deploy.reaching.engine_address import EngineAddress
    from pytest_storedog_gate.deploy.reaching.ways import Way
    from pytest_storedog_gate.deploy.references import ImageReference

RestartPolicy = Literal["no", "unless-stopped", "always"]

_GRACE = 10
_LOG_LINES = 30
_CONFLICT = 409
# A HEALTHCHECK makes others all the time.
_EVENTS = ("die", "oom", "stop", "kill", "pause", "restart", "start", "destroy", "health_status")


class Engine:
    """The Docker engine at an address, which alone decides which one."""

    def __init__(self, address: EngineAddress, redact: Callable[[str], str]) -> None:
        """Reaches the engine and agrees on the API's version."""
        self._address, self.endpoint, self.redact = address, address.text, redact
        with self._errors():
            self.way: Way = way_to(address, os.environ)
            logins.require_sound(os.environ)  # the SDK reads them, and is silent or worse
            self._api = self.way.client()

    def close(self) -> None:
        self._api.close()

    def another(self) -> Engine:
        """The same engine over connections of its own, for another thread."""
        return Engine(self._address, self.redact)

    @property
    def host(self) -> str:
        """Where addresses that the engine publishes answer from here."""
        return self.way.host

    @property
    def loopback(self) -> str:
        """Where a port is published that only this process is to reach."""
        return "127.0.0.1" if is_loopback(self.host) else "0.0.0.0"  # noqa: S104

    # Looking

    def find(self, name: str) -> Container | None:
        with self._errors():
            try:
                return Container.from_inspection(self._api.inspect_container(name))
            except NotFound:
                return None

    def get(self, name: str) -> Container:
        """The container with this name or ID, which has to be there."""
        found = self.find(name)
        if found is None:
            raise DeploymentFailed(f"{name} is gone from the engine: somebody else removed it")
        return found

    def running_in(self, network: str) -> list[Container]:
        return self._listed("running", network=network)

    def running_with(self, label: str) -> list[Container]:
        return self._listed("running", label=label)

    def publishers(self, port: int) -> list[Container]:
        """The containers that have this port of the engine's host; one that is paused keeps it."""
        return self._listed("running", "paused", publish=str(port))

    def logs(self, container: str) -> str:
        """The last lines that the container wrote, with secrets masked."""
        with self._errors():
            try:
                text = self._api.logs(container, tail=_LOG_LINES).decode(errors="replace")
            except APIError as error:
                if "does not support reading" not in str(error):
                    raise
                return "(its logging driver keeps nothing that can be read)"
        return self.redact(text.strip())

    def sent(self, container: str) -> int | None:
        """The packets that a container has sent in all; None where the engine does not count."""
        with self._errors():
            seen = self._api.stats(container, stream=False, one_shot=True)
        networks = seen.get("networks") or {}
        return sum(each["tx_packets"] for each in networks.values()) if networks else None

    def connected_to(self, container: str) -> frozenset[str]:
        """The IPv4 addresses that a running container has connections to; it has to have `cat`."""
        with self._errors():
            asked = self._api.exec_create(container, ["cat", "/proc/net/tcp", "/proc/net/tcp6"])
            table = self._api.exec_start(asked["Id"]).decode("ascii", "replace")
        return peers(table)

    def clock(self) -> str:
        with self._errors():
            return str(self._api.info()["SystemTime"])

    def await_event(self, containers: Sequence[str], seconds: float) -> None:
        """Returns when something happens to one of these containers, and after so many seconds."""
        until = datetime.fromisoformat(self.clock()).timestamp() + seconds
        wanted = {"type": ["container"], "container": list(containers), "event": list(_EVENTS)}
        api = self._api
        with self._errors():
            # The SDK's own stream can only be ended by force.
            url, asked = f"{api.base_url}/v{api.api_version}/events", {"until": f"{until:.6f}"}
            params = {**asked, "filters": json.dumps(wanted)}
            with api.get(url, params=params, stream=True) as response:
                response.raise_for_status()
                next(response.iter_content(None), None)

    # Images

    def digest(self, image: ImageReference) -> str:
        """The digest that the registry has for a reference."""
        with self._errors(), registry_errors(image):
            name = image.pinned if image.digest else str(image)
            login = logins.login(image.registry, os.environ)
            found = self._api.inspect_distribution(name, auth_config=login)  # type: ignore[no-untyped-call]
            return str(found["Descriptor"]["digest"])

    def pull(self, image: ImageReference) -> Iterator[Mapping[str, Any]]:
        """The messages of a pull by digest."""
        with self._errors(), registry_errors(image):
            yield from self._api.pull(
                image.repository,
                image.digest,
                stream=True,
                decode=True,
                auth_config=logins.login(image.registry, os.environ),
            )

    def image(self, reference: str) -> Mapping[str, Any] | None:
        with self._errors():
            try:
                return dict(self._api.inspect_image(reference))  # type: ignore[no-untyped-call]
            except NotFound:
                return None

    # Changing

    def remove_image(self, reference: str) -> None:
        """Removes an image, but not those that it was built from; missing is fine."""
        with self._errors(), suppress(NotFound):
            self._api.remove_image(reference, noprune=True)

    def create(self, name: str, spec: Spec) -> str:
        """Creates a container with restart policy `no`, and its volumes; returns its ID.

        It has its secrets and is in its networks: it can be started.
        """
        with self._errors():
            for volume in spec.own_volumes:
                self.create_volume(volume, spec.owner)
            said = creation.request(self._api, spec, self.loopback)
            created = str(self._api.create_container(name=name, **said)["Id"])
            for network in spec.runtime.networks:
                self._api.connect_container_to_network(
                    created, network.name, aliases=[*spec.aliases, *network.aliases]
                )
            if secrets := spec.runtime.secrets:
                self._api.put_archive(created, SECRETS, creation.archive(secrets))
        return created

    def start(self, container: str) -> None:
        """Starts a container, or lets a paused one go on; a running one is left as it is."""
        paused = self.get(container).status == "paused"
        with self._errors():
            if paused:
                self._api.unpause(container)
            else:
                self._api.start(container)

    def stop(self, container: str, *, then: RestartPolicy = "no") -> None:
        """Stops a container, for good: only with "always" a restart of the engine revives it.

        What hears that it is to end has the time for it that it was created with.
        """
        self.set_restart_policy(container, then)
        found = self.get(container)
        with self._errors():
            grace = _GRACE if found.grace is None else found.grace
            self._api.stop(container, timeout=grace if self._hears(found) else 0)

    def rename(self, container: str, name: str) -> None:
        with self._errors():
            self._api.rename(container, name)

    def remove(self, container: str) -> None:
        """Removes a container, running or not; its name is free afterwards. Missing is fine."""
        with self._errors(), suppress(NotFound):
            try:
                self._api.remove_container(container, v=True, force=True)
            except APIError as error:
                if "already in progress" not in str(error):
                    raise
                self._api.wait(container, timeout=CALL, condition="removed")

    def set_restart_policy(self, container: str, policy: RestartPolicy) -> None:
        """Sets what the engine does when the container's process ends."""
        with self._errors():
            # The stubs know only two of the engine's policies.
            self._api.update_container(container, restart_policy={"Name": policy})  # type: ignore[arg-type]

    def keep_up(self, container: str) -> None:
        """From now on the engine starts it anew, whatever ends it but a person.

        With "unless-stopped" an engine that was killed would take what it finds running and ends
        itself for stopped by a person (https://github.com/moby/moby/issues/41302).
        """
        said = self.get(container).labels.get(labels.RESTART)
        self.set_restart_policy(
            container, "unless-stopped" if said == "unless-stopped" else "always"
        )

    def volume(self, name: str) -> Mapping[str, str] | None:
        """The labels of a volume; None where there is none of this name."""
        with self._errors():
            try:
                return dict(self._api.inspect_volume(name)["Labels"] or {})
            except NotFound:
                return None

    def volumes(self, label: str) -> Mapping[str, Mapping[str, str]]:
        """The labels of all volumes that have this one, by name."""
        with self._errors():
            listed = self._api.volumes(filters={"label": label})["Volumes"]
        return {each["Name"]: dict(each["Labels"] or {}) for each in listed or ()}

    def create_volume(self, name: str, labels: Mapping[str, str]) -> Mapping[str, str]:
        """Creates a volume; one that is there stays as it is. Returns the labels that it has."""
        with self._errors():
            return dict(self._api.create_volume(name, labels=dict(labels))["Labels"] or {})

    def remove_volume(self, name: str) -> None:
        """Removes a volume; missing is fine."""
        with self._errors(), suppress(NotFound):
            self._api.remove_volume(name)

    def create_network(self, name: str, labels: Mapping[str, str]) -> None:
        with self._errors():
            self._api.create_network(name, driver="bridge", labels=dict(labels))

    def network(self, name: str) -> Mapping[str, str] | None:
        """The labels of a network; None where there is none of exactly this name."""
        with self._errors():
            # The engine's filter takes parts of names.
            found = [each for each in self._api.networks(names=[name]) if each["Name"] == name]
        return dict(found[0]["Labels"] or {}) if found else None

    # The lock's container

    def create_lease(self, name: str, image: str, labels: Mapping[str, str]) -> str | None:
        """Creates the container that is a lock; None where the name is taken."""
        with self._errors():
            try:
                created = self._api.create_container(
                    image,
                    name=name,
                    entrypoint=["cat"],
                    # Not detached means StdinOnce: the container's stdin ends with our connection.
                    stdin_open=True,
                    labels=dict(labels),
                    healthcheck={"test": ["NONE"]},
                    host_config=self._api.create_host_config(auto_remove=True, network_mode="none"),
                    use_config_proxy=False,
                )
            except APIError as error:
                if error.status_code == _CONFLICT:
                    return None
                raise
        return str(created["Id"])

    def attach_stdin(self, container: str) -> requests.Response:
        """A connection to the container's stdin, open until it is closed."""
        api = self._api
        with self._errors():
            # The SDK's attach_socket hands out a file whose close leaves the connection open.
            response = api.post(
                f"{api.base_url}/v{api.api_version}/containers/{container}/attach",
                params={"stdin": 1, "stream": 1},
                headers={"Connection": "Upgrade", "Upgrade": "tcp"},
                stream=True,
            )
            response.raise_for_status()
        return response

    def _listed(self, *status: str, **filters: str) -> list[Container]:
        with self._errors():
            listed = self._api.containers(filters={**filters, "status": list(status)})
        return [found for each in listed if (found := self.find(each["Id"]))]

    def _hears(self, container: Container) -> bool:
        if not container.running:
            return False
        try:
            shown = self._api.top(container.id, ps_args=PS_ARGUMENTS)
        except APIError:  # its machine has another `ps`
            return True
        return hears(shown, container.stop_signal)

    def _errors(self) -> AbstractContextManager[None]:
        return engine_errors(self.endpoint, self.redact)
