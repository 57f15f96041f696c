"""What tests of the project ask for by the `synthetics` marker, and what cannot be meant by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog import overrides
from pytest_storedog_gate.datadog.public_ids import CheckReference
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.pytest_side.collecting.checks import CheckItem, OwnItem
from pytest_storedog_gate.pytest_side.source import Marked
from pytest_storedog_gate.reading.table import Document, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

MARKER = "synthetics"
PUBLIC_ID = "storedog_public_id"
_FIXTURE_PREFIX = "storedog_"
_EXAMPLE = '@pytest.mark.synthetics("abc-def-ghi")'


def uses_gate(item: pytest.Item) -> bool:
    """Whether a test asks for a check, or uses one of the gate's fixtures."""
    if isinstance(item, OwnItem):
        return True
    names = getattr(item, "fixturenames", ())
    marked = item.get_closest_marker(MARKER) is not None
    return marked or any(name.startswith(_FIXTURE_PREFIX) for name in names)


def own_id(item: pytest.Item) -> str | None:
    """The check that a test names, by the nearest marker that names one."""
    return next((str(m.args[0]) for m in item.iter_markers(MARKER) if m.args), None)


def case_id(item: pytest.Item) -> str | None:
    """The check of an item of our own, or of a test's case where its cases have one each."""
    if isinstance(item, CheckItem):
        return item.about
    case = getattr(item, "callspec", None)
    return case.params.get(PUBLIC_ID) if case else None


def names_a_check(definition: pytest.Item) -> bool:
    """Whether a test function, or a case of its `parametrize` markers, names a check."""
    if own_id(definition) is not None:
        return True
    cases = (case for marker in definition.iter_markers("parametrize") for case in _values(marker))
    return any(m.name == MARKER and m.args for case in cases for m in getattr(case, "marks", ()))


def read(item: pytest.Item) -> Iterator[Marked]:
    """What the markers of one test ask for, the nearest one first.

    ConfigurationError where a marker, or what it leaves open, cannot be meant.
    """
    found = None
    for marker in item.iter_markers(MARKER):
        public_id = _public_id(marker)
        if public_id is None:
            continue
        found = found or public_id
        yield Marked(item.nodeid, public_id, _overrides(marker))
    given = case_id(item)
    if found and given not in (None, found):
        raise ConfigurationError(
            f"its marker names {found} and its case is one of {given}: put the marker on the test, "
            "or into the cases of its `parametrize`"
        )
    if not (found or given) and PUBLIC_ID in getattr(item, "fixturenames", ()):
        raise ConfigurationError(
            f"it asks for an outcome, and nothing says of which check: add {_EXAMPLE}, to each "
            "case where other cases have it"
        )


def _public_id(marker: pytest.Mark) -> str | None:
    if len(marker.args) > 1:
        raise ConfigurationError(f"its marker has several arguments; write one: {_EXAMPLE}")
    if not marker.args:
        if marker.kwargs:
            named = next((n for n in ("public_id", "id") if n in marker.kwargs), None)
            what = f"{named} is no override" if named else "overrides alone say not of which check"
            raise ConfigurationError(f"its marker names no check: {what}; write {_EXAMPLE}")
        return None
    try:
        selected = CheckReference.parse(marker.args[0])
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"its marker: {error}") from None
    if selected.public_id != marker.args[0]:
        raise ConfigurationError(
            f"its marker says {marker.args[0]!r}; write {selected.public_id!r}, and pin a version "
            "in the configuration's checks"
        )
    return selected.public_id


def _overrides(marker: pytest.Mark) -> dict[str, object]:
    if "executionRule" in marker.kwargs:
        raise ConfigurationError(
            "its marker has an executionRule; which checks decide stands in the configuration's "
            "execution_rules alone"
        )
    return overrides.validated(Table(dict(marker.kwargs), Document(root="its marker")))


def _values(marker: pytest.Mark) -> list[object]:
    values = marker.kwargs.get("argvalues", marker.args[1] if len(marker.args) > 1 else ())
    # An iterator would be empty afterwards, for pytest too.
    return list(values) if isinstance(values, list | tuple) else []
