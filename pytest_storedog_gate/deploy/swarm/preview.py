"""The candidate that stands for checks before traffic: a service of its own, with one task.

It has the template of what is live with the new image, and nothing by which others find what is
live: another name, no alias in its networks, no host name, and no label of its containers. Its one
task is on one node, and has a port of that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.docker import names as labels
from pytest_storedog_gate.deploy.swarm import names, reached_at, rollout
from pytest_storedog_gate.errors import ConfigurationError, DeploymentFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.deploy.environment import Address, Environment
    from pytest_storedog_gate.deploy.swarm.lease import Lease
    from pytest_storedog_gate.deploy.swarm.manager import Manager
    from pytest_storedog_gate.deploy.swarm.models import Node, Service, Spec

# With it the candidate goes with the stack that is taken away.
_STACK = "com.docker.stack.namespace"
_FOUND_BY = ("Hostname", "Labels")
_OURS = (labels.PREFIX, labels.DATADOG)


@dataclass(frozen=True)
class Candidate:
    """One that can stand beside what is `live`, and answer at an `address`.

    That is a port of the `node`, which leads to a `port` of its container. `said` are its labels.
    """

    live: Service
    address: Address
    node: Node
    port: int
    said: Mapping[str, str]

    @classmethod
    def beside(cls, live: Service, manager: Manager, environment: Environment) -> Candidate | None:
        """None where the environment has no preview.

        ConfigurationError where none can stand there, or it would be in the way of what is live.
        """
        if environment.preview is None:
            return None
        own = names.candidate(live.name)
        taken = manager.find_service(own)
        if taken is not None and names.PREVIEW not in taken.labels:
            raise ConfigurationError(
                f"there is a service {own} that the gate has not made, and its candidate is called "
                "so: rename it, or take `preview` out"
            )
        _require_nothing_shared(live, environment)
        if any(manager.network_driver(each["Target"]) == "host" for each in _networks(live)):
            raise ConfigurationError(
                f"{live.name} is in the network of its nodes, where its candidate would listen "
                "at the ports of what is live: take `preview` out"
            )
        _require_port_of_its_own(live, manager, environment.preview)
        stack = {_STACK: live.labels[_STACK]} if _STACK in live.labels else {}
        return cls(
            live,
            environment.reached(environment.preview),
            reached_at.node(manager, environment.preview, environment.name),
            _port(live, environment),
            {**labels.owner(environment), **stack, names.PREVIEW: live.name},
        )

    def start(self, manager: Manager, template: Spec, timeout: float) -> rollout.Aim:
        """Starts it with the template of the next version, and waits until it is ready.

        Raises `NoVerdict` where something else answers there, or nothing does in the end.
        """
        reached_at.require_nobody(self.address)
        aim = rollout.Aim(names.candidate(self.live.name), self._apart(template))
        if not manager.create_service(self._spec(aim)):
            raise DeploymentFailed(
                f"{aim.name} is there already: somebody else has made it at the same time"
            )
        rollout.settle(manager, aim, timeout)
        reached_at.require_somebody(self.address, aim.name)
        return aim

    def _apart(self, template: Spec) -> Spec:
        """The template without what its tasks are found by, on the node."""
        container = {k: v for k, v in template["ContainerSpec"].items() if k not in _FOUND_BY}
        said = (template["ContainerSpec"].get("Labels") or {}).items()
        container["Labels"] = {label: text for label, text in said if label.startswith(_OURS)}
        placement = dict(template.get("Placement") or {})
        constraints = placement.get("Constraints") or ()
        placement["Constraints"] = [*constraints, f"node.id=={self.node.id}"]
        return _unnamed({**template, "ContainerSpec": container, "Placement": placement})

    def _spec(self, aim: rollout.Aim) -> Spec:
        port = {
            "Protocol": "tcp",
            "TargetPort": self.port,
            "PublishedPort": self.address.port,
            "PublishMode": "host",
        }
        spec = {
            "Name": aim.name,
            "Labels": self.said,
            "TaskTemplate": aim.template,
            "Mode": {"Replicated": {"Replicas": 1}},
            # It needs no IPVS of the node's kernel, and no address of its own.
            "EndpointSpec": {"Mode": "dnsrr", "Ports": [port]},
        }
        # Where clients of the API's first versions have said them.
        networks = {key: self.live.spec[key] for key in ("Networks",) if key in self.live.spec}
        return _unnamed({**spec, **networks})


def running(manager: Manager, aim: rollout.Aim) -> frozenset[str]:
    """The tasks of a candidate that answer."""
    tasks = manager.tasks(manager.get_service(aim.name))
    return frozenset(task.id for task in tasks if task.answers)


def remove(manager: Manager, lease: Lease, live: str) -> str | None:
    """Takes away whatever stands as a candidate of a service, and says so where one did.

    What was found while the lock was held for sure is no other run's, and goes by its ID.
    """
    found = standing(manager, live)
    lease.require()
    for each in found:
        manager.remove_service(each)
    told = ", ".join(each.name for each in found)
    return f"removed {told}, a candidate that never had traffic" if found else None


def standing(manager: Manager, live: str) -> list[Service]:
    """Those that a run has left, or this one has made."""
    return manager.services(f"{names.PREVIEW}={live}")


def _networks(live: Service) -> list[Mapping[str, str]]:
    return [*(live.template.get("Networks") or ()), *(live.spec.get("Networks") or ())]


def _unnamed(spec: Spec) -> Spec:
    """It without aliases in its networks."""
    if not (networks := spec.get("Networks")):
        return spec
    bare = [{key: said for key, said in each.items() if key != "Aliases"} for each in networks]
    return {**spec, "Networks": bare}


def _require_nothing_shared(live: Service, environment: Environment) -> None:
    """A volume without a name is one task's own."""
    gated = environment.gated
    mounts = live.template["ContainerSpec"].get("Mounts") or ()
    shared = [
        str(each["Source"])
        for each in mounts
        if each.get("Source") and not each.get("ReadOnly") and each.get("Type") != "tmpfs"
    ]
    if shared and gated is not None and gated.candidate != "on":
        raise ConfigurationError(
            f"{live.name} has volumes or folders to write to ({', '.join(shared)}), which its "
            "candidate and what is live would have at once; write "
            f'services.{gated.name}.candidate = "on" where two may share them, or take `preview` '
            "out"
        )


def _require_port_of_its_own(live: Service, manager: Manager, preview: Address) -> None:
    """Else who asks a node for what is live would get the candidate, where no task of it is.

    A port of the routing mesh is one of all nodes, whoever publishes it.
    """
    for each in manager.services():
        for port in each.ports:
            on_all = port.get("PublishMode") != "host" or each.id == live.id
            udp = port.get("Protocol") == "udp"
            if on_all and not udp and port.get("PublishedPort") == preview.port:
                raise ConfigurationError(
                    f"{each.name} publishes the port {preview.port} of the Swarm's nodes, and the "
                    f"candidate of {live.name} would have it: name another one with `preview`"
                )


def _port(live: Service, environment: Environment) -> int:
    """Of the container: what the configuration says, else the only one that is published."""
    gated = environment.gated
    if gated is not None and gated.port is not None:
        return gated.port
    found = {int(each["TargetPort"]) for each in live.ports if each.get("Protocol") != "udp"}
    if len(found) != 1:
        raise ConfigurationError(
            f"{live.name} publishes {len(found) or 'no'} port{'s' * (len(found) != 0)}, so that "
            "nobody can say at which one its candidate answers: name "
            f"services.{environment.gate}.port"
        )
    return found.pop()
