"""The reference of storedog.toml, from the tables of keys that the settings read the file with.

The code says which keys there are, their types and defaults, and what else may say the same;
`meanings.toml` has what a key means, and an example that a test reads as a whole file.
"""

from __future__ import annotations

import tomllib
from dataclasses import MISSING, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.scripts.site.tables import row
from pytest_storedog_gate.datadog import watch
from pytest_storedog_gate.datadog.overrides import _VARIABLES as _VARIABLES_OF_CHECKS
from pytest_storedog_gate.datadog.overrides import KINDS as _KINDS
from pytest_storedog_gate.deploy import platforms
from pytest_storedog_gate.deploy.docker import strategies
from pytest_storedog_gate.deploy.environment import Environment, Readiness
from pytest_storedog_gate.deploy.runtime import Job, Runtime, Secret
from pytest_storedog_gate.deploy.swarm.target import Target
from pytest_storedog_gate.reading.kinds import one_of
from pytest_storedog_gate.reading.variables import _constant_case as constant_case
from pytest_storedog_gate.settings import datadog_ci, promotion, synthetics
from pytest_storedog_gate.settings.environments import KEYS as _ENVIRONMENT
from pytest_storedog_gate.settings.file import KEYS as _TOP
from pytest_storedog_gate.settings.load import _VARIABLES
from pytest_storedog_gate.settings.options import FLAGS
from pytest_storedog_gate.settings.reports import GOGS_KEYS, MARKER_KEYS
from pytest_storedog_gate.settings.services import READINESS as _READINESS
from pytest_storedog_gate.settings.services import mounts as _mounts
from pytest_storedog_gate.settings.services import tables as _tables
from pytest_storedog_gate.settings.services.catalogue import KEYS as _SERVICE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.reading.kinds import Kind

Meanings = dict[str, Any]
MEANINGS: Meanings = tomllib.loads(Path(__file__).with_name("meanings.toml").read_text("utf-8"))

SECTIONS: dict[str, Mapping[str, Kind]] = {
    "top": _TOP,
    "synthetics": synthetics.KEYS,
    "services.NAME": _SERVICE,
    "services.NAME.readiness": _READINESS,
    "services.NAME.secrets.FILE": _mounts.SECRET,
    "services.NAME.healthcheck": _tables.HEALTHCHECK,
    "services.NAME.before_swap": _tables.JOB,
    "environments.NAME": {**_ENVIRONMENT, "strategy": one_of(*strategies.names())},
    **{f"environments.NAME.{key}": kinds for key, kinds in platforms.tables().items()},
    "environments.NAME.overrides": _KINDS,
    "environments.NAME.watch": watch.KEYS,
    "environments.NAME.watch.deployment_gate": watch.GATE_KEYS,
    "promotion": promotion.KEYS,
    "gogs": GOGS_KEYS,
    "datadog": MARKER_KEYS,
}
_DEFAULTS = {
    "synthetics": synthetics.DEFAULTS,
    "services.NAME": {f.name: f.default for f in fields(Runtime)},
    "environments.NAME.swarm": {f.name: f.default for f in fields(Target)},
    "services.NAME.readiness": {f.name: f.default for f in fields(Readiness)},
    "services.NAME.secrets.FILE": {f.name: f.default for f in fields(Secret)},
    "services.NAME.before_swap": {f.name: f.default for f in fields(Job)},
    "environments.NAME": {
        f.name: f.default for f in fields(Environment) if f.default is not MISSING
    },
    "environments.NAME.watch.deployment_gate": {
        f.name: f.default for f in fields(watch.DeploymentGate) if f.default is not MISSING
    },
}
# What the options and variables call what an environment calls otherwise.
_OTHER_NAMES = {"checks": "public_ids"}
_NEEDED = {
    ("services.NAME.before_swap", "command"),
    ("environments.NAME.watch", "seconds"),
    ("gogs", "url"),
}


def page() -> str:
    """The whole page, in Markdown."""
    parts = [MEANINGS["pages"]["configuration"].rstrip()]
    for section, kinds in SECTIONS.items():
        said = MEANINGS["sections"][section]
        level = "###" if section.count(".") > 1 else "##"
        parts += [f"{level} {said['title']}", said["about"].strip()]
        rows = ["| key | type, default | meaning, and an example |", "|---|---|---|"]
        rows += [_row(section, key, kind) for key, kind in kinds.items()]
        parts.append("\n".join(rows))
    return "\n\n".join(parts) + "\n"


def meaning(section: str, key: str) -> Meanings:
    """What is said by hand of a key: `means`, `example`, and a `default` that no code names."""
    found: Meanings = MEANINGS["keys"][section][key]
    return found


def also_said_by(section: str, key: str) -> list[str]:
    """The options and variables that say the same, the strongest first."""
    if section == "environments.NAME.overrides":
        names = (name for name in _VARIABLES_OF_CHECKS if name.partition(".")[0] == key)
        return [f"OVERRIDE_{constant_case(name)}" for name in names]
    if section not in {"synthetics", "services.NAME", "environments.NAME"}:
        return []
    name = _OTHER_NAMES.get(key, key)
    theirs = [
        datadog_ci.PREFIX + constant_case(theirs)
        for theirs, ours in datadog_ci._FIELDS.items()  # noqa: SLF001
        if ours == name and theirs in datadog_ci._KINDS  # noqa: SLF001
    ]
    flags = [FLAGS[name]] if name in FLAGS and (section, key) not in _UNRELATED else []
    return [*flags, *_VARIABLES.get(name, ()), *theirs]


# A word that an option and a key share, and mean different things by.
_UNRELATED = {("services.NAME", "environment")}


def _row(section: str, key: str, kind: Kind) -> str:
    said = meaning(section, key)
    also = ", ".join(f"`{name}`" for name in also_said_by(section, key))
    means = said["means"] + (f" Also said by {also}." if also else "")
    example = f"`{key} = {said['example']}`"
    default = _default(section, key, said)
    cells = (f"`{key}`", f"{kind.what}<br>{default}", f"{means}<br>{example}")
    return row(*cells)


def _default(section: str, key: str, said: Meanings) -> str:
    if (section, key) in _NEEDED:
        return "no default: needed"
    if "default" in said:
        return f"default: {said['default']}"
    value = _DEFAULTS.get(section, {}).get(key)
    if value in (None, "", ()) or not isinstance(value, str | int | float):
        return "no default"
    return f'default: `"{value}"`' if isinstance(value, str) else f"default: `{value:g}`"
