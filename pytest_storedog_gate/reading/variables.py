"""Variables of the process with one prefix, each read as the key of a file that it stands for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.reading.nearest import suggestion
from pytest_storedog_gate.reading.table import refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.reading.kinds import Kind


def read(
    environ: Mapping[str, str], prefix: str, kinds: Mapping[str, Kind], refused: Mapping[str, str]
) -> dict[str, Any]:
    """The values of all variables that start with `prefix`, by key; `retry.count` is RETRY_COUNT.

    What datadog-ci would pass over in silence, an unknown name or a malformed value, is a fault;
    ConfigurationError has a sentence for each.
    """
    known = {_constant_case(key): key for key in (*kinds, *refused)}
    values, faults = {}, []
    for name, text in environ.items():
        if not name.startswith(prefix):
            continue
        suffix = name.removeprefix(prefix)
        key = known.get(suffix)
        if key is None:
            faults.append(f"{name}: unknown variable{suggestion(suffix, known)}")
        elif key in refused:
            faults.append(f"{name}: {refused[key]}")
        else:
            kind = kinds[key]
            try:
                values[key] = kind.read(kind.parse(text))
            except ValueError:
                faults.append(f"{name}: must be {kind.text or kind.what}; else unset it")
    refuse(faults)
    return values


def _constant_case(key: str) -> str:
    """How a variable spells a key."""
    # At least two letters before the cut: `jUnitReport` is JUNIT_REPORT.
    return re.sub(r"(?<=.[a-z])(?=[A-Z])", "_", key).replace(".", "_").upper()
