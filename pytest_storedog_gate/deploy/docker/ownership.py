"""Whose the containers, the volumes and the network under an environment's names are.

The labels decide. What carries another environment's is refused before anything is touched, and so
is a deployment from before the configuration had a `project`: a person hands it over by its name.
What carries none at all is taken for this environment's, as its name is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.docker import names as labels
from pytest_storedog_gate.deploy.docker.names import Names
from pytest_storedog_gate.deploy.docker.specification import networks
from pytest_storedog_gate.deploy.references import ImageReference
from pytest_storedog_gate.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_storedog_gate.deploy.docker.engine import Engine
    from pytest_storedog_gate.deploy.environment import Environment, Service


def require(engine: Engine, environment: Environment) -> None:
    """Raises `ConfigurationError` where something is not this environment's to touch."""
    for service in environment.services:
        where = Names.of(environment, service.name)
        for name in (where.live, where.previous, where.candidate, where.job):
            if found := engine.find(name):
                _require_ours(environment, f"the container {name}", found.labels, service.name)
        for name in (where.edge, where.spare_edge):
            if found := engine.find(name):
                _require_ours(environment, f"the container {name}", found.labels)
    things = [("volume", name, engine.volume(name)) for name in _volumes(environment)]
    things += [("network", name, engine.network(name)) for name in _networks(environment)]
    for kind, name, found_labels in things:
        if found_labels is not None:
            _require_ours(environment, f"the {kind} {name}", found_labels)
    network = engine.network(environment.network)
    theirs = network.get(labels.PROJECT) if network else None
    if theirs not in (None, environment.project):
        raise ConfigurationError(
            f"the network {environment.network} is of project {theirs}: name another one in "
            f"environments.{environment.name}.network; nothing changed"
        )
    if environment.project:
        _require_handed_over(engine, environment)


def _require_ours(
    environment: Environment, what: str, found: Mapping[str, str], service: str | None = None
) -> None:
    """What has no label of an environment may have been made by hand, under this name."""
    if labels.ENVIRONMENT not in found:
        return
    project = found.get(labels.PROJECT, "")
    same_project = project in ("", environment.project)
    same_service = service in (None, found.get(labels.SERVICE))
    if same_project and same_service and found[labels.ENVIRONMENT] == environment.name:
        return
    raise ConfigurationError(
        f"{what} is of {labels.told(found)}, and not of {environment.name} here: it was not "
        "touched; give this configuration a `project` of its own, or rename the environment"
    )


def _require_handed_over(engine: Engine, environment: Environment) -> None:
    """What stands from before there was a project has this project's names and volumes by now.

    It is this project's where its service under the gate runs an image of the same repository.
    """
    steps = [*_renames(engine, environment), *_copies(engine, environment)]
    if steps:
        # Its edge asks for the name that it knows.
        gap = any(step.endswith(".edge") for step in steps)
        raise ConfigurationError(
            f"{environment.name} was deployed here before the configuration had the project "
            f"{environment.project}: nothing was touched; hand it over with these commands"
            f"{', and run again at once, as its edge has nobody to go to until then' * gap}\n    "
            + "\n    ".join(steps)
        )


def _renames(engine: Engine, environment: Environment) -> Iterator[str]:
    before = replace(environment, project="")
    if environment.gated is None:
        return
    gated = engine.find(Names.of(before, environment.gated.name).live)
    ours = ImageReference.parse(environment.gated.image).repository
    if gated is None or _is_of_a_project(gated.labels):
        return
    if gated.image.partition("@")[0] != ours:
        return
    for service in environment.services:
        old, new = Names.of(before, service.name), Names.of(environment, service.name)
        pairs = (old.live, new.live), (old.previous, new.previous), (old.edge, new.edge)
        for name, then in pairs:
            found = engine.find(name)
            if found is not None and not _is_of_a_project(found.labels):
                yield f"docker -H {engine.endpoint} rename {name} {then}"


def _copies(engine: Engine, environment: Environment) -> Iterator[str]:
    """Volumes cannot be renamed, and a new one would be empty."""
    for service in environment.services:
        standing = engine.find(Names.of(environment, service.name).live)
        if standing is None or labels.PROJECT in standing.labels:
            continue
        for old, new in _old_and_new_volumes(environment, service):
            if engine.volume(old) is not None and engine.volume(new) is None:
                yield (
                    f"docker -H {engine.endpoint} run --rm --entrypoint cp -v {old}:/from -v "
                    f"{new}:/to {standing.image} -a /from/. /to/"
                )


def _old_and_new_volumes(environment: Environment, service: Service) -> Iterator[tuple[str, str]]:
    for name in service.named_volumes:
        yield (
            labels.inside("", environment.name, name),
            labels.inside(environment.project, environment.name, name),
        )


def _volumes(environment: Environment) -> Iterator[str]:
    for service in environment.services:
        for name in service.named_volumes:
            yield labels.inside(environment.project, environment.name, name)


def _networks(environment: Environment) -> Iterator[str]:
    for service in environment.services:
        for name, network in networks(environment, service).items():
            if not network.external:
                yield name


def _is_of_a_project(found: Mapping[str, str]) -> bool:
    return labels.PROJECT in found
