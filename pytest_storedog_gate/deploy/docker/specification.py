"""What a container of a service is created from."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.docker import names, strategies
from pytest_storedog_gate.deploy.references import short
from pytest_storedog_gate.deploy.runtime import SECRETS, Healthcheck, Runtime

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pytest_storedog_gate.deploy import Build
    from pytest_storedog_gate.deploy.docker.container import Container
    from pytest_storedog_gate.deploy.environment import Address, Environment, Service
    from pytest_storedog_gate.deploy.references import ImageReference
    from pytest_storedog_gate.deploy.runtime import Job, Network


@dataclass(frozen=True)
class Spec:
    """A container to be. `volumes` maps an engine's volume to a folder.

    `port` is published at `publish`, else at a port that the engine chooses; so is each port
    `beside` it. What `runtime` names has the engine's names here. `edge` is the proxy in front of
    it.
    """

    image: str
    network: str
    labels: Mapping[str, str]
    aliases: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    volumes: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None
    publish: Address | None = None
    beside: Mapping[int, Address | None] = field(default_factory=dict)
    runtime: Runtime = field(default_factory=Runtime)
    edge: Spec | None = None

    @property
    def ports(self) -> dict[int, Address | None]:
        """Where each port is published; None leaves that to the engine."""
        own = {} if self.port is None else {self.port: self.publish}
        return {**own, **self.beside}

    @property
    def owner(self) -> dict[str, str]:
        """The labels that say whose it is, but for the service."""
        whose = (names.PROJECT, names.ENVIRONMENT)
        return {label: self.labels[label] for label in whose if label in self.labels}

    @property
    def own_volumes(self) -> list[str]:
        """The volumes that are made for it where there is none of their names."""
        further = self.runtime.mounts
        new = (each.source for each in further if each.type == "volume" and not each.external)
        return [*dict.fromkeys((*self.volumes, *new))]

    @property
    def addresses(self) -> list[Address]:
        """Where it is published over TCP, by the wish of the configuration."""
        own = [self.publish] if self.publish else []
        return [*own, *self.runtime.addresses]

    def candidate(self) -> Spec:
        """The same, out of the traffic's way: no alias, no published address.

        No host name either, as newer engines let others reach a container by it.
        """
        labels = {**self.labels, names.ROLE_AT_CREATE: "candidate"}
        networks = tuple(replace(each, aliases=()) for each in self.runtime.networks)
        runtime = replace(self.runtime, ports=(), networks=networks, hostname=None)
        return replace(self, labels=labels, aliases=(), publish=None, runtime=runtime)

    def job(self, job: Job, image: str) -> Spec:
        """What runs `job` beside it, out of the traffic's way too; of another image, perhaps."""
        bare = self.candidate()
        runtime = replace(
            bare.runtime,
            command=job.command,
            entrypoint=job.entrypoint or self.runtime.entrypoint,
            healthcheck=Healthcheck(("NONE",)),
        )
        labels = {**self.labels, names.ROLE_AT_CREATE: "job"}
        labels.pop(names.READINESS, None)
        environment = {**self.environment, **job.environment}
        return replace(
            bare, image=image, labels=labels, environment=environment, runtime=runtime, port=None
        )

    def with_volumes_of(self, container: Container, declared: Collection[str]) -> Spec:
        """The same with the anonymous volumes of a container, where the image `declared` them."""
        runtime = self.runtime
        named = {*self.volumes.values(), *runtime.tmpfs, *(each.target for each in runtime.mounts)}
        if runtime.secrets:
            named.add(SECRETS)
        kept = {
            volume: folder
            for volume, folder in container.anonymous.items()
            if folder in declared and folder not in named
        }
        return replace(self, volumes={**kept, **self.volumes})

    def placeholder(self) -> Spec:
        """What stands for "nothing was live before"; it is never started."""
        labels = {**self.labels, names.ROLE_AT_CREATE: "placeholder", names.ABSENT: "1"}
        return Spec(self.image, self.network, labels)

    def port_bindings(self, loopback: str) -> dict[int | str, list[tuple[str, int | None]]]:
        """The engine's form of what is published; a port of its choice is only for `loopback`."""
        found: dict[int | str, list[tuple[str, int | None]]] = {
            port: [_host_and_port(address) if address else (loopback, None)]
            for port, address in self.ports.items()
        }
        for port in self.runtime.ports:
            key = port.target if port.protocol == "tcp" else port.key
            found.setdefault(key, []).append(_host_and_port(port.published))
        return found


def specify(
    environment: Environment, service: Service, image: ImageReference, build: Build
) -> Spec:
    """The container of a service's image in an environment, for a new deployment."""
    volumes = {
        names.inside(environment.project, environment.name, name): path
        for name, path in service.volumes.items()
    }
    publish = environment.publish.get(service.name)
    labels = {
        **service.runtime.labels,
        **names.owner(environment),
        names.SERVICE: service.name,
        names.DIGEST: image.digest or "",
        names.DEPLOY_ID: uuid.uuid4().hex[:12],
        names.COMMIT: build.commit or "",
        names.BUILD: build.number or "",
        names.BUILD_LINK: build.link or "",
        names.ROLE_AT_CREATE: "live",
        names.SPEC: fingerprint(environment, service),
        f"{names.DATADOG}env": environment.name,
        f"{names.DATADOG}service": service.name,
        f"{names.DATADOG}version": image.version,
    }
    if service.readiness is not None:
        # A later run probes the container as it was meant, whatever the file says by then.
        labels[names.READINESS] = json.dumps({**asdict(service.readiness), "port": service.port})
    if service.runtime.restart != Runtime.restart:
        labels[names.RESTART] = service.runtime.restart
    return Spec(
        image=image.pinned,
        network=environment.network,
        labels=labels,
        aliases=(service.name,),
        environment=service.environment,
        volumes=volumes,
        # A port that nobody is to reach from outside the network stays inside.
        port=service.port if publish or service.readiness else None,
        publish=publish,
        runtime=_on_engine(environment, service.runtime),
    )


def addresses(environment: Environment, service: Service) -> list[Address]:
    """Where a service is published over TCP."""
    own = environment.publish.get(service.name)
    return [*([own] if own else []), *service.runtime.addresses]


def networks(environment: Environment, service: Service) -> dict[str, Network]:
    """The further networks of a service, by what the engine calls them."""
    return {
        each.name
        if each.external
        else names.inside(environment.project, environment.name, each.name): each
        for each in service.runtime.networks
    }


def fingerprint(environment: Environment, service: Service) -> str:
    """A digest of everything but the image that makes two containers of a service differ."""
    publish = environment.publish.get(service.name)
    facts = {
        "environment": dict(service.environment),
        "volumes": dict(service.volumes),
        "port": service.port,
        "publish": str(publish) if publish else None,
        "network": environment.network,
        "readiness": asdict(service.readiness) if service.readiness else None,
        # What nothing is said of stays out, so that another version of the gate replaces nothing.
        **service.runtime.facts(),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def outdated(
    environment: Environment,
    service: Service,
    image: ImageReference,
    live: Container,
    *,
    own: bool = True,
) -> str | None:
    """Why what is live has to be replaced; None where it is as it is to be.

    `own`: it was created to be live, so that it has aliases and published addresses of its own.
    """
    if not live.running:
        return f"it did not run, its status was {live.status}"
    if (old := live.labels.get(names.DIGEST)) != image.digest or live.image != image.pinned:
        return f"its image was {short(old)}"
    if live.labels.get(names.SPEC) != fingerprint(environment, service):
        return "its configuration had changed"
    if live.labels.get(names.PROJECT, "") != environment.project:
        return "it had no project"
    if live.health == "unhealthy":
        return "its HEALTHCHECK said unhealthy"
    for network, aliases in _called(environment, service).items():
        if {live.name, *(aliases if own else ())} - live.answers_to.get(network, frozenset()):
            return f"it was not in the network {network} by its names"
    for address in addresses(environment, service) if own else ():
        if not live.has(address):
            return f"{address} was not bound to it"
    return None


def _called(environment: Environment, service: Service) -> dict[str, tuple[str, ...]]:
    """What a service is called in each network beside its container's name."""
    further = networks(environment, service).items()
    return {
        environment.network: (service.name,),
        **{name: (service.name, *network.aliases) for name, network in further},
    }


def as_deployed(
    environment: Environment, service: Service, image: ImageReference, live: Container, build: Build
) -> bool:
    """Whether a new deployment of this image, by the environment's strategy, would change nothing.

    The build may want one all the same. One of another commit changes the labels. What a strategy
    makes that does not say it is not known here.
    """
    was_candidate = strategies.candidate_becomes_live(environment.strategy)
    if build.redeploy or was_candidate is None:
        return False
    made_so = live.labels.get(names.ROLE_AT_CREATE) == ("candidate" if was_candidate else "live")
    untouched = live.restarts == 0 and live.labels.get(names.COMMIT) == (build.commit or "")
    as_it_is_to_be = outdated(environment, service, image, live, own=not was_candidate) is None
    return made_so and untouched and as_it_is_to_be


def _on_engine(environment: Environment, runtime: Runtime) -> Runtime:
    """The same with the engine's names for the environment's volumes and networks."""

    def inside(name: str) -> str:
        return names.inside(environment.project, environment.name, name)

    mounts = tuple(
        replace(each, source=inside(each.source))
        if each.type == "volume" and not each.external
        else each
        for each in runtime.mounts
    )
    joined = tuple(
        each if each.external else replace(each, name=inside(each.name))
        for each in runtime.networks
    )
    return replace(runtime, mounts=mounts, networks=joined)


def _host_and_port(address: Address) -> tuple[str, int | None]:
    return address.host.strip("[]"), address.port
