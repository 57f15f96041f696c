"""Watching several targets: a service is well where it is at every one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.several.naming import named

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_storedog_gate.errors import GateError

    Look = Mapping[str, GateError | None]


def together(looks: Mapping[str, Iterator[Look]]) -> Iterator[Look]:
    """See `Watches`: each of its looks is one at each target, one after the other."""
    try:
        while True:
            seen: dict[str, Look] = {}
            for target, each in looks.items():
                with named(target):
                    found = next(each, None)
                if found is None:
                    return
                seen[target] = found
            names = dict.fromkeys(name for look in seen.values() for name in look)
            told = {name: _wrong(name, seen) for name in names}
            everywhere = {name for name in names if all(name in look for look in seen.values())}
            yield {n: error for n, error in told.items() if error or n in everywhere}
    finally:
        for each in looks.values():
            getattr(each, "close", lambda: None)()


def _wrong(name: str, seen: Mapping[str, Look]) -> GateError | None:
    """What is wrong with a service at the first target where anything is."""
    found = ((target, look.get(name)) for target, look in seen.items())
    return next((type(error)(f"{target}: {error}") for target, error in found if error), None)
