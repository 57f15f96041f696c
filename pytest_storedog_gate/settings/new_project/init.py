"""`storedog-gate init`: a storedog.toml with staging and production, and a pipeline for both."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.environment import is_name
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.local_synthetics.definitions.definition import (
    DefinitionError,
    new_public_id,
)
from pytest_storedog_gate.local_synthetics.definitions.files import load
from pytest_storedog_gate.outlets.new_files import refuse_taken, write_new
from pytest_storedog_gate.reading.files import toml_table
from pytest_storedog_gate.settings import file as settings
from pytest_storedog_gate.settings.new_project.composed import composed, image_of
from pytest_storedog_gate.settings.new_project.systems import SYSTEMS, pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_storedog_gate.deploy.environment import Service
    from pytest_storedog_gate.settings.environments import EnvironmentSection

_CONFIGURATION = Path("storedog.toml")
_SCHEMA = Path(".storedog/schemas/storedog.schema.json")
_CHECKS = "checks/*.synthetics.json"
_FIRST = Path("checks/http.synthetics.json")
_PORTS = {"staging": 18080, "production": 18090}  # where the engine's machine publishes the service


@dataclass(frozen=True)
class Wanted:
    """What the command line says: the image without a tag, its port, and a CI system."""

    image: str | None
    port: int
    ci: str | None


def init(wanted: Wanted) -> int:
    """Write what is not there into the current folder; returns the exit status.

    A storedog.toml that is there stays, and a pipeline is written for its environments. Raises
    ConfigurationError, also where nothing is left to write.
    """
    written: dict[Path, str] = {}
    environments, image = tuple(_PORTS), wanted.image
    if not _CONFIGURATION.exists():
        written |= _configuration(wanted)
    elif wanted.image or not wanted.ci:
        raise ConfigurationError(
            f"{_CONFIGURATION} is there, and nothing is overwritten: give --ci NAME alone for a "
            f"pipeline of its environments; NAME is one of {', '.join(SYSTEMS)}"
        )
    if wanted.ci:
        refuse_taken([SYSTEMS[wanted.ci].path])
        file = composed(wanted.image) if wanted.image else None
        compose = file.file if file else None
        if not written:
            path = _CONFIGURATION.absolute()
            environments, subject = _of_file(settings.read(path).environments)
            compose = toml_table(path).data.get("compose")
            image = subject.image if subject else None
            if subject and compose and not image:
                image = image_of(compose, subject.name)
        path, text = pipeline(wanted.ci, environments, image, compose=compose is not None)
        written[path] = text
    write_new(written)
    shown = [path for path in written if path != _SCHEMA]
    sys.stdout.write("".join(f"wrote {path}\n" for path in shown))
    if wanted.ci and image:
        sys.stdout.write(f"the pipeline takes {image}:COMMIT, which a step before has to push\n")
    sys.stdout.write("next:\n")
    for line in _next(wanted, environments[0], image):
        sys.stdout.write(f"  {line}\n")
    return 0


def _next(wanted: Wanted, environment: str, image: str | None) -> Iterator[str]:
    tag = f" --storedog-image={image}:TAG" if image else ""
    yield f"pytest --storedog-env={environment}{tag} --storedog-plan"
    yield f"pytest --storedog-env={environment}{tag}"
    if wanted.ci == "drone":
        yield "storedog-gate lint"


def _of_file(
    sections: Mapping[str, EnvironmentSection],
) -> tuple[tuple[str, ...], Service | None]:
    """The environments, each after the one that it requires, and the service under the gate."""
    order: list[str] = []
    for name in sections:
        road = [name]
        while (before := sections[road[0]].requires) is not None:
            road.insert(0, before)
        order += [one for one in road if one not in order]
    if not order:
        raise ConfigurationError(f"{_CONFIGURATION} has no environment; add one to it")
    gated = (one.environment.subject for one in sections.values())
    return tuple(order), next((service for service in gated if service), None)


def _configuration(wanted: Wanted) -> dict[Path, str]:
    """A storedog.toml, with a first check where there is none."""
    if not wanted.image:
        raise ConfigurationError(
            f"there is no {_CONFIGURATION}: give --image REGISTRY/NAME for what is deployed on "
            "Docker; for a gate that only checks, `storedog-synthetics init URL` writes one"
        )
    name = wanted.image.rpartition("/")[2]
    if not is_name(name) or any(one in wanted.image for one in " \"'$@\\"):
        raise ConfigurationError(
            f"--image={wanted.image!r}: name an image without tag and digest, like "
            "localhost:5000/shop"
        )
    made: dict[Path, str] = {}
    try:
        ids = [*load([_CHECKS]).tests] if [*Path().glob(_CHECKS)] else []
    except DefinitionError as error:
        raise ConfigurationError(f"{error}: mend that first") from None
    if not ids:
        ids = [new_public_id()]
        made[_FIRST] = _first_check(ids[0], name)
    checks = ", ".join(f'"{one}"' for one in ids)
    found = composed(wanted.image)
    gate, services = (found.gate, found.services) if found else (name, (name,))
    environments = "".join(
        f"""
[environments.{environment}]
{
            'requires = "staging"                # only what has passed there' + chr(10)
            if environment == "production"
            else ""
        }\
gate = "{gate}"
services = {json.dumps(services)}
strategy = "recreate"
publish = {{ {gate} = "127.0.0.1:{port}" }}
checks = [{checks}]
overrides = {{ startUrl = "http://127.0.0.1:{port}/" }}
on_failure = "rollback"
"""
        for environment, port in _PORTS.items()
    )
    compose = (
        f'compose = "{found.file}"             # the services are described there\n'
        if found
        else ""
    )
    made[_CONFIGURATION] = f"""\
#:schema ./{_SCHEMA}
{compose}
[synthetics]
backend = "local"                    # checks run where the gate runs
definitions = ["{_CHECKS}"]

[services.{gate}]
{"" if found else f'image = "{wanted.image}"   # no tag: the run says which' + chr(10)}\
{"" if found and found.has_port else f"port = {wanted.port}" + chr(10)}\
readiness = {{ http = "/", status = 200 }}
{environments}"""
    if not _SCHEMA.exists():
        shipped = files("pytest_storedog_gate.settings").joinpath(_SCHEMA.name)
        made[_SCHEMA] = shipped.read_text("utf-8")
    return made


def _first_check(public_id: str, name: str) -> str:
    check = {
        "public_id": public_id,
        "name": f"{name} answers",
        "type": "api",
        "subtype": "http",
        "config": {
            # Each environment says the address that counts there.
            "request": {"method": "GET", "url": f"http://127.0.0.1:{_PORTS['staging']}/"},
            "assertions": [{"type": "statusCode", "operator": "is", "target": 200}],
        },
    }
    return f"{json.dumps({'tests': [{'localTestDefinition': check}]}, indent=2)}\n"
