"""`targets` of an environment: several places of one platform, which get the same digest together.

A target's table has those keys that differ there. Each is read as an environment of its own, by the
same code, from the environment's table with the target's laid over it.
"""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import combinations
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy import platforms
from pytest_storedog_gate.deploy.environment import Environment, is_name
from pytest_storedog_gate.reading.kinds import STRING_MAP, TABLE
from pytest_storedog_gate.reading.table import Keys, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_BESIDE = {"overrides": TABLE}
KEYS = {**platforms.keys(), **_BESIDE}
"""Of a target, of all platforms."""
OVERRIDES = {"variables": STRING_MAP}
"""What the checks may be told at one target that they are not told at the others."""


def read(table: Table, known: Iterable[str]) -> dict[str, Table]:
    """The environment's table as it is for each target, in the file's order.

    `known` are the keys of an environment. ConfigurationError names file, line and key.
    """
    targets = table.tables("targets")
    if len(targets) < 2:
        raise table.error(
            ("targets",),
            f"several targets are two at least: write what is said of one into "
            f"[environments.{table.name}] itself, without `targets`",
        )
    name = table.data.get("platform", platforms.DEFAULT)
    name = name if name in platforms.NAMES else platforms.DEFAULT
    here = {**platforms.find(name).KEYS, **_BESIDE}
    everywhere = "it is the same for all targets: write it into the environment's own table"
    refused = {**dict.fromkeys(set(known) - here.keys(), everywhere), **platforms.refused(name)}
    for target in targets:
        if not is_name(target.name):
            raise target.error((), f"{target.name!r} is no target name: use a-z, 0-9, - and _")
        target.read(here, refused)
    return {target.name: _over(table, target) for target in targets}


def is_one_of(table: Table) -> bool:
    """Whether it was made by `read`."""
    return isinstance(table, _OfTarget)


class _OfTarget(Table):
    """An environment's table as it is for one target."""


def together(table: Table, environments: Mapping[str, Environment]) -> Environment:
    """One environment of those that were read for the targets: the first, with what differs."""
    _refuse_the_same(table, environments)
    first = next(iter(environments.values()))
    targets = {}
    for target, own in environments.items():
        differs = {
            each.name: getattr(own, each.name)
            for each in fields(Environment)
            if getattr(own, each.name) != getattr(first, each.name)
        }
        targets[target] = {**differs, "overrides": _overrides(table, target)}
    whole = replace(first, targets=targets)
    _refuse_what_checks_cannot_tell(table, whole)
    return whole


def _over(table: Table, target: Table) -> Table:
    """The target's keys take the place of the environment's; errors name the table that has one."""
    own = {key: value for key, value in target.data.items() if key not in _BESIDE}
    base = {key: value for key, value in table.data.items() if key != "targets"}
    depth = len(table.path)

    def moved(path: Keys) -> Keys:
        key = path[depth : depth + 1]
        elsewhere = key and (key[0] in own or key[0] not in base)
        return (*target.path, *path[depth:]) if elsewhere else path

    return _OfTarget({**base, **own}, replace(table.document, moved=moved), table.path)


def _overrides(table: Table, target: str) -> dict[str, dict[str, str]]:
    said = table.table("targets").table(target).table("overrides")
    why = "all targets get the same checks, told alike but for `variables`; move it to the others"
    refused = dict.fromkeys(set(said.data) - OVERRIDES.keys(), why)
    return said.read(OVERRIDES, refused)


def _refuse_the_same(table: Table, environments: Mapping[str, Environment]) -> None:
    for (one, here), (other, there) in combinations(environments.items(), 2):
        if here.place == there.place:
            raise table.error(
                ("targets", other),
                f"it is the same place as {one}: name another one, or leave it out",
            )
        if here.preview and (here.engine, here.preview) == (there.engine, there.preview):
            raise table.error(
                ("targets", other),
                f"its candidate would answer at {there.preview}, where that of {one} does: say "
                "another `preview` in one of them",
            )


def _refuse_what_checks_cannot_tell(table: Table, environment: Environment) -> None:
    """Else checks would go to one target, and prove nothing of the others."""
    told = {
        target: (own.overrides, *(a and own.reached(a) for a in (own.preview, own.published)))
        for target, own in environment.each.items()
    }
    for one, other in combinations(told, 2):
        if told[one] == told[other]:
            raise table.error(
                ("targets", other),
                f"checks are told the same there as at {one}, so that nothing would be proved of "
                "one of them: say in each how it is reached, as in overrides = { variables = "
                f'{{ SHOP = "https://{other}.example.com" }} }}',
            )
    previews = [own.preview is not None for own in environment.each.values()]
    if any(previews) and not all(previews):
        target = list(environment.each)[previews.index(False)]
        raise table.error(
            ("targets", target), "it has no `preview`, and others have: all need one, or none"
        )
