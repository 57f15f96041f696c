"""What a service finds in its folders: volumes, folders of the machine, memory, secrets."""

from __future__ import annotations

import re
from posixpath import expanduser, normpath
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.runtime import SECRETS, Mount, Secret
from pytest_storedog_gate.reading.kinds import BOOLEAN, STRING, WHOLE, one_of
from pytest_storedog_gate.reading.table import Table
from pytest_storedog_gate.settings.services.words import FOLDER, ONE_OR_MORE, absolute

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_VOLUME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")
_FILE = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_.-]*")
_MODE = re.compile(r"0?[0-7]{3}")
# Compose's words for how soon writes are seen say nothing on Linux.
_READ_ONLY = {"ro": True, "rw": False, "cached": False, "delegated": False, "consistent": False}

MOUNT = {
    "type": one_of("volume", "bind"),
    "source": STRING,
    "target": FOLDER,
    "read_only": BOOLEAN,
    "external": BOOLEAN,
}


def _file_name(text: str) -> str:
    if _FILE.fullmatch(text):
        return text
    raise ValueError(f"{text!r} is no name of a file in {SECRETS}: use letters, digits, ., - and _")


def _mode(text: str) -> str:
    if _MODE.fullmatch(text):
        return text
    raise ValueError(f'{text!r} is no mode; write it in octal, as in "0440"')


SECRET = {
    "file": STRING,
    "environment": STRING,
    "target": STRING.meaning(_file_name),
    "uid": WHOLE,
    "gid": WHOLE,
    "mode": STRING.meaning(_mode),
}


def volumes(table: Table, folder: Path) -> list[Mount]:
    """The `volumes` of a service, a table or a list; binds are relative to `folder`."""
    said = table.data.get("volumes", {})
    if isinstance(said, dict):
        found = table.table("volumes").each(STRING)
        return [
            _mount(table, ("volumes", source), source, target, folder)
            for source, target in found.items()
        ]
    return [_listed(table, number, one, folder) for number, one in enumerate(said)]


def _listed(table: Table, number: int, said: object, folder: Path) -> Mount:
    key = ("volumes", number)
    if isinstance(said, str):
        source, colon, target = said.partition(":")
        if not colon or not target.startswith("/"):
            raise table.error(
                key, f'{said!r} has no source: give the volume a name, as in "data:{source}"'
            )
        return _mount(table, key, source, target, folder)
    long = Table(said, table.document, (*table.path, *key))  # type: ignore[arg-type]
    found = long.read(MOUNT, needed=("type", "source", "target"))
    if found["type"] == "bind":
        if "external" in found:
            raise long.error(("external",), "is a volume's; take it out")
        return Mount(**{**found, "source": _on_machine(found["source"], folder)})
    return Mount(**{**found, "source": _volume_name(long, ("source",), found["source"])})


def _mount(table: Table, key: tuple[str | int, ...], source: str, rest: str, folder: Path) -> Mount:
    """Of compose's short syntax, `rest` being what is behind the source."""
    target, _, word = rest.partition(":")
    modes = word.split(",") if word else []
    for mode in modes:
        if mode not in _READ_ONLY:
            raise table.error(key, f"{mode!r} behind the folder is neither ro nor rw")
    try:
        absolute(target)
    except ValueError as error:
        raise table.error(key, str(error)) from None
    read_only = any(_READ_ONLY[mode] for mode in modes)
    if source.startswith((".", "/", "~")):
        return Mount("bind", _on_machine(source, folder), target, read_only)
    return Mount("volume", _volume_name(table, key, source), target, read_only)


def _volume_name(table: Table, key: tuple[str | int, ...], name: str) -> str:
    if _VOLUME.fullmatch(name):
        return name
    raise table.error(
        key, f"{name!r} is no volume's name; a folder of the machine begins with . or /"
    )


def _on_machine(source: str, folder: Path) -> str:
    return normpath(folder.resolve() / expanduser(source))


def told_apart(mounts: list[Mount]) -> tuple[dict[str, str], tuple[Mount, ...]]:
    """The plain volumes, each with its folder, and all else."""
    own: dict[str, str] = {}
    for mount in mounts:
        if mount == Mount("volume", mount.source, mount.target):
            own.setdefault(mount.source, mount.target)
    further = (
        mount
        for mount in mounts
        if mount != Mount("volume", mount.source, own.get(mount.source, ""))
    )
    return own, tuple(further)


def tmpfs(table: Table) -> dict[str, str]:
    """Folders in memory, each with its options."""
    if "tmpfs" not in table.data:
        return {}
    parts = (text.partition(":") for text in ONE_OR_MORE.read(table.data["tmpfs"]))
    return {target: options for target, _, options in parts}


def secrets(table: Table, folder: Path) -> tuple[Secret, ...]:
    """The `secrets` of a service; files are relative to `folder`."""
    return tuple(_secret(each, folder) for each in table.tables("secrets"))


def _secret(table: Table, folder: Path) -> Secret:
    found = table.read(SECRET)
    if ("file" in found) == ("environment" in found):
        raise table.error((), "needs where it comes from: either `file` or `environment`")
    if "file" in found:
        found["file"] = str(folder / found["file"])
    try:
        return Secret(_file_name(table.name), **found)
    except ValueError as error:
        raise table.error((), str(error)) from None


def check_targets(
    table: Table,
    mounts: list[Mount],
    memory: Mapping[str, str],
    secret: tuple[Secret, ...],
) -> None:
    """Each folder of the container has one thing at most."""
    seen = {SECRETS: "secrets"} if secret else {}
    for key, target in _targets(mounts, memory):
        try:
            path = normpath(absolute(target))
        except ValueError as error:
            raise table.error((key,), str(error)) from None
        if path in seen:
            other = "" if seen[path] == key else f", and `{seen[path]}` has it"
            raise table.error((key,), f"{path} is named twice{other}: keep one of them")
        seen[path] = key
    paths = [each.path for each in secret]
    if len(set(paths)) < len(paths):
        raise table.error(("secrets",), "two of them have the same `target`: rename one")


def _targets(mounts: list[Mount], memory: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield from (("volumes", mount.target) for mount in mounts)
    yield from (("tmpfs", target) for target in memory)
