"""A definition to keep in a repository: each credential in it becomes a secure variable.

A variable without a value is asked for or refused by name, where a mask would be sent as it is.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.secrets.places import without_secrets

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json

_KEPT = (
    "public_id", "name", "type", "subtype", "status", "message", "tags", "locations", "config",
    "steps", "options",
)  # fmt: skip


def secretless(test: Json) -> Json:
    """The definition of a test as the API gives it, without what is the account's or secret."""
    kept: Json = {key: test[key] for key in _KEPT if key in test}
    found = _Found(set(_names_of_variables(kept)))
    shown = without_secrets(kept, found.stand_in)
    # What stood in a file that was left out has no variable.
    text = json.dumps(shown)
    if names := [name for name in found.names.values() if _placeholder(name) in text]:
        config = shown.setdefault("config", {})
        config["configVariables"] = [
            *(config.get("configVariables") or []),
            *({"name": name, "type": "text", "secure": True} for name in names),
        ]
    return shown


@dataclass
class _Found:
    """The credentials that were found: each value has one name."""

    taken: set[str]
    names: dict[str, str] = field(default_factory=dict)

    def stand_in(self, place: str, value: str) -> str:
        """The variable that stands for the value."""
        if value not in self.names:
            plain = unicodedata.normalize("NFKD", place).encode("ascii", "ignore").decode()
            base = re.sub(r"[^A-Z0-9]+", "_", plain.upper()).strip("_").lstrip("0123456789_")
            base = base or "SECRET"
            numbers = range(2, len(self.taken) + 3)
            name = next(n for n in (base, *(f"{base}_{i}" for i in numbers)) if n not in self.taken)
            self.taken.add(name)
            self.names[value] = name
        return _placeholder(self.names[value])


def _placeholder(name: str) -> str:
    return f"{{{{ {name} }}}}"


def _names_of_variables(data: Any) -> list[str]:
    """The names of the variables that are declared anywhere in a definition."""
    if isinstance(data, list):
        return [name for one in data for name in _names_of_variables(one)]
    if not isinstance(data, dict):
        return []
    lists = (data.get(key) for key in ("configVariables", "variables"))
    variables = [one for found in lists if isinstance(found, list) for one in found]
    declared = [str(one.get("name")) for one in variables if isinstance(one, dict)]
    return declared + _names_of_variables(list(data.values()))
