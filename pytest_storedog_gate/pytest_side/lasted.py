"""How long each check lasted, from one run to the next, in pytest's cache.

It decides when a batch is looked at, and nothing else: a cache that is lost, old or forged makes a
verdict come a little later.
"""

from __future__ import annotations

import warnings
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from pytest_storedog_gate.verdicts.record import Record

_KEY = "storedog-gate/lasted"
_LONGEST = 86400.0  # s; no check lasts longer


def read(config: pytest.Config) -> Mapping[str, float]:
    """Seconds by public ID; empty where there is no cache (`-p no:cacheprovider`)."""
    cache, found = getattr(config, "cache", None), None
    with suppress(RecursionError):  # pytest passes over what is no JSON otherwise
        found = cache.get(_KEY, None) if cache else None
    if not isinstance(found, dict):
        return {}
    return {p: float(s) for p, s in found.items() if type(s) in (int, float) and 0 < s <= _LONGEST}


def keep(config: pytest.Config, record: Record) -> None:
    """Adds what this record tells."""
    cache = getattr(config, "cache", None)
    outcomes = [check.outcome for check in record.verdict.checks if check.outcome]
    lasted = {o.public_id: round(o.duration, 3) for o in outcomes if o.duration > 0}
    if cache is None or not lasted:
        return
    with warnings.catch_warnings():
        # pytest has said already that it cannot write its cache.
        warnings.simplefilter("ignore")
        cache.set(_KEY, {**read(config), **lasted})
