"""What compose writes as a list or as a map, as a table of [services.*]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.reading.interpolation import Filled
from pytest_storedog_gate.settings.services.compose.scalars import text

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_storedog_gate.reading.table import Table
    from pytest_storedog_gate.settings.services.compose.words import Words


def table(
    words: Words,
    service: Table,
    key: str,
    marks: str = "=",
    missing: Callable[[str], str | None] = lambda _name: "",
) -> None:
    """`NAME=value` in a list or `NAME: value` in a map; the first of `marks` that is there parts.

    `missing` says what is meant where only a name stands, None for nothing at all.
    """
    said = service.data[key]
    if isinstance(said, dict):
        pairs = [((key, name), name, value) for name, value in said.items()]
    elif isinstance(said, list):
        pairs = [((key, number), *_parted(one, marks)) for number, one in enumerate(said)]
    else:
        raise service.error((key,), "must be a list or a mapping")
    words.set(key, {}, (key,))
    for place, name, value in pairs:
        try:
            found = missing(name) if value is None else text(value)
        except ValueError as error:
            raise service.error(place, str(error)) from None
        if found is not None:
            words.put(key, name, Filled(found), place)


def _parted(one: Any, marks: str) -> tuple[str, str | None]:
    whole = one if isinstance(one, str) else ""
    for mark in marks:
        name, found, value = whole.partition(mark)
        if found:
            return name, value
    return whole, None
