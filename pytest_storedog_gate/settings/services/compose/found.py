"""What a service of a compose file finds in its folders: volumes, secrets, configs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.reading.kinds import BOOLEAN, WHOLE
from pytest_storedog_gate.reading.table import Table
from pytest_storedog_gate.settings.services.compose.scalars import typed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_storedog_gate.reading.table import Keys
    from pytest_storedog_gate.settings.services.compose.around import Around
    from pytest_storedog_gate.settings.services.compose.words import Words

_SECRETS = "/run/secrets/"
_TYPES = ("volume", "bind", "tmpfs")
# What changes nothing: how soon writes are seen, and that a missing folder is made.
_MODES = {"rw", "cached", "delegated", "consistent"}
_MORE = {"consistency": None, "bind": {"create_host_path"}, "volume": {"labels"}}


def volumes(words: Words, service: Table, around: Around) -> None:
    """In short and in long syntax; paths of the machine are relative to the file's folder."""
    said = service.data["volumes"]
    if not isinstance(said, list):
        raise service.error(("volumes",), "must be a list")
    words.set("volumes", [], ("volumes",))
    for number, one in enumerate(said):
        place: Keys = ("volumes", number)
        long = one if isinstance(one, dict) else _long(service, place, one)
        mount = Table(long, service.document, (*service.path, *place))
        if (kind := long.get("type")) not in _TYPES:
            raise service.error(place, f"is a mount of type {kind}; write {', '.join(_TYPES)}")
        if kind == "tmpfs":
            words.add("tmpfs", _memory(mount), place)
        else:
            words.add("volumes", _mount(mount, around), place)


def _long(service: Table, place: Keys, said: Any) -> dict[str, str]:
    """The long syntax of a short one, `SOURCE:TARGET:MODES`."""
    parts = said.split(":") if isinstance(said, str) else []
    if not 1 <= len(parts) <= 3:
        raise service.error(place, f'{said!r} is no volume; write "NAME:/folder"')
    if len(parts) == 1:
        raise service.error(
            place, f'a volume has to have a name here, to outlive its container: "NAME:{parts[0]}"'
        )
    source, target = parts[:2]
    modes = set(",".join(parts[2:]).split(",")) - {"", *_MODES}
    if more := modes - {"ro"}:
        raise service.error(place, f"{min(more)!r} is nothing that the gate does; take it out")
    kind = "bind" if source.startswith((".", "/", "~")) else "volume"
    read_only = {"read_only": "true"} if modes else {}
    return {"type": kind, "source": source, "target": target, **read_only}


def _mount(mount: Table, around: Around) -> dict[str, Any]:
    found = {key: mount.data[key] for key in ("type", "source", "target") if key in mount.data}
    for key, value in mount.data.items():
        if key in found or key == "read_only" or key.startswith("x-"):
            continue
        harmless = _MORE.get(key, set())
        more = value if isinstance(value, dict) else {}
        if harmless is not None and not (more and set(more) <= harmless):
            raise mount.error((key,), "is nothing that the gate does; take it out")
    if "read_only" in mount.data:
        found["read_only"] = typed(mount.data["read_only"], BOOLEAN)
    if not all(isinstance(found.get(key), str) for key in ("source", "target")):
        raise mount.error((), "needs a `source` and a `target`: a volume has to have a name here")
    if found["type"] == "bind":
        return {**found, "source": around.path(found["source"])}
    return {**found, **_volume(mount, around, found["source"])}


def _volume(mount: Table, around: Around, name: str) -> dict[str, Any]:
    volume = around.defined("volumes", name)
    if volume is None:
        raise mount.error((), f"volume {name!r} is not among the file's `volumes`; add it there")
    external = volume.data.get("external", "false")
    if external != "false":
        older = external.get("name") if isinstance(external, dict) else None
        return {"source": str(older or volume.data.get("name") or name), "external": True}
    for key, value in volume.data.items():
        if key not in ("external", "labels") and not key.startswith("x-") and value != "local":
            raise volume.error(
                (key,),
                "cannot be so: each environment has volumes of its own, which the gate makes; "
                "take it out, or write `external: true` for one that you have made",
            )
    return {"source": name}


def _memory(mount: Table) -> str:
    options = mount.data.get("tmpfs") or {}
    if not isinstance(options, dict) or set(options) - {"size", "mode"}:
        raise mount.error(("tmpfs",), "knows `size` and `mode` here")
    text = ",".join(f"{key}={value}" for key, value in options.items())
    return f"{mount.data.get('target', '')}{f':{text}' if text else ''}"


def secrets(words: Words, service: Table, around: Around) -> None:
    """Files in /run/secrets."""
    words.set("secrets", {}, ("secrets",))
    for place, source, own in _granted(service, "secrets", around):
        found = {
            key: str(source.data[key]) for key in ("file", "environment") if source.data.get(key)
        }
        if not found or "external" in source.data:
            raise source.error((), "needs a `file` or an `environment`: nothing else is read")
        if "file" in found:
            found["file"] = around.path(found["file"])
        numbers = {key: typed(own[key], WHOLE) for key in ("uid", "gid") if key in own}
        target = str(own.pop("target", source.name)).removeprefix(_SECRETS)
        words.put("secrets", source.name, {**own, **numbers, **found, "target": target}, place)


def configs(words: Words, service: Table, around: Around) -> None:
    """Files that the container finds where it wants them: as compose, by mounts."""
    for place, source, own in _granted(service, "configs", around):
        if not source.data.get("file"):
            raise source.error((), "needs a `file`: nothing else is mounted")
        if more := own.keys() - {"target"}:
            raise service.error((*place, min(more)), "is not done to a mounted file; take it out")
        mount = {"type": "bind", "source": around.path(str(source.data["file"])), "read_only": True}
        words.add("volumes", {**mount, "target": own.get("target", f"/{source.name}")}, place)


def _granted(
    service: Table, key: str, around: Around
) -> Iterator[tuple[Keys, Table, dict[str, str]]]:
    """The place, the source and the rest of each secret or config that a service gets."""
    said = service.data[key]
    if not isinstance(said, list):
        raise service.error((key,), "must be a list")
    for number, one in enumerate(said):
        said_of_it = one if isinstance(one, dict) else {"source": one}
        own = {key: value for key, value in said_of_it.items() if value is not None}
        name = str(own.pop("source", ""))
        if (source := around.defined(key, name)) is None:
            raise service.error((key, number), f"{name!r} is not among the file's `{key}`; add it")
        yield (key, number), source, own
