"""A service of a compose file, key by key, in the words of [services.*]."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.reading.nearest import nearest
from pytest_storedog_gate.reading.table import refuse
from pytest_storedog_gate.settings import services
from pytest_storedog_gate.settings.services.compose import container, found, lists, reached
from pytest_storedog_gate.settings.services.compose.known import CHANGES_NOTHING, NEUTRAL, REFUSED
from pytest_storedog_gate.settings.services.compose.scalars import typed
from pytest_storedog_gate.settings.services.compose.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_storedog_gate.reading.table import Table
    from pytest_storedog_gate.settings.services.compose.around import Around


def words(service: Table, but: frozenset[str], around: Around) -> Words:
    """What it says, without the keys `but`; ConfigurationError has a sentence for each fault."""
    said, faults = Words(but), []
    try:
        reached.port(said, service)
    except ConfigurationError as error:
        faults.append(error)
    for key, value in {"networks": ["default"], **service.data}.items():
        if key in but or value is None or key.startswith("x-"):
            continue
        try:
            _read(said, service, key, around)
        except ConfigurationError as error:
            faults.append(error)
    if "image" not in said.data and "image" not in but:
        faults.append(
            service.error(
                (),
                "has no `image`: the gate deploys what stands in a registry; push it there, and "
                f"name it here, or as services.{service.name}.image in the configuration",
            )
        )
    # A wrong port is told of twice.
    refuse(dict.fromkeys(map(str, faults)))
    return said


def _environment(said: Words, service: Table, around: Around) -> None:
    lists.table(said, service, "environment", missing=around.value_of)


def _env_file(said: Words, service: Table, around: Around) -> None:
    """Each is there, but for those that need not be."""
    listed = service.data["env_file"]
    for number, one in enumerate(listed if isinstance(listed, list) else [listed]):
        place = ("env_file", number) if isinstance(listed, list) else ("env_file",)
        file = one if isinstance(one, dict) else {"path": one}
        if more := file.keys() - {"path", "required"}:
            raise service.error(place, f"`{min(more)}` is nothing that the gate does; take it out")
        if not isinstance(file.get("path"), str):
            raise service.error(place, "must be the path of a file")
        path = around.path(file["path"])
        if file.get("required") != "false" or Path(path).exists():
            said.add("env_file", path, place)


def _listed(key: str, marks: str = "=") -> Callable[[Words, Table, Around], None]:
    return lambda said, service, _around: lists.table(said, service, key, marks)


_FORMS: dict[str, Callable[[Words, Table, Around], None]] = {
    "environment": _environment,
    "env_file": _env_file,
    "labels": _listed("labels"),
    "sysctls": _listed("sysctls"),
    "extra_hosts": _listed("extra_hosts", "=:"),
    "ports": reached.published,
    "networks": reached.networks,
    "links": reached.links,
    "volumes": found.volumes,
    "secrets": found.secrets,
    "configs": found.configs,
    "deploy": container.deploy,
    "healthcheck": container.healthcheck,
    "logging": container.logging,
    "ulimits": container.ulimits,
    "devices": container.devices,
    "gpus": container.gpus,
}
# What is said of a service here, and in compose files by other means.
_OURS = {"port", "readiness", "candidate", "before_swap"}
_PLAIN = {key: kind for key, kind in services.KEYS.items() if key not in {*_FORMS, *_OURS}}
_KNOWN = {*_FORMS, *_PLAIN, *CHANGES_NOTHING, *NEUTRAL, *REFUSED}


def _read(said: Words, service: Table, key: str, around: Around) -> None:
    value = service.data.get(key)
    if key in _FORMS:
        _FORMS[key](said, service, around)
    elif key in _PLAIN:
        said.set(key, _plain(key, value), (key,))
    elif not _changes_nothing(service, key, value):
        raise service.error((key,), _refusal(service.name, key))


def _changes_nothing(service: Table, key: str, value: Any) -> bool:
    is_its_name = key == "container_name" and value == service.name
    return key in CHANGES_NOTHING or value in NEUTRAL.get(key, ()) or is_its_name


def _plain(key: str, value: Any) -> Any:
    if isinstance(value, list):
        return [str(one) if isinstance(one, str) else one for one in value]
    return typed(value, _PLAIN[key])


def _refusal(service: str, key: str) -> str:
    if key not in _KNOWN:
        meant = nearest(key, _KNOWN)
        return "unknown key" + (f"; did you mean {meant!r}?" if meant else "; take it out")
    return (
        f'{REFUSED[key]}; take it out, or write `without = ["{key}"]` in [services.{service}] of '
        "the configuration"
    )
