"""Which services of a compose file start before which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_storedog_gate.reading.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_storedog_gate.reading.table import Keys

_CONDITIONS = ("service_started", "service_healthy", "service_completed_successfully")


@dataclass(frozen=True)
class Need:
    """A service that has to be there before; `ends` where it does its work and ends."""

    name: str
    place: Keys
    required: bool = True
    ends: bool = False


def needs(service: Table) -> Iterator[Need]:
    """The `depends_on` of a service."""
    said = service.data.get("depends_on") or []
    if isinstance(said, list):
        yield from (Need(str(one), ("depends_on", number)) for number, one in enumerate(said))
        return
    for name, more in service.table("depends_on").data.items():
        place = ("depends_on", name)
        table = Table(more, service.document, (*service.path, *place))
        if (condition := table.data.get("condition", "service_started")) not in _CONDITIONS:
            raise table.error(("condition",), f"{condition!r} is none of {', '.join(_CONDITIONS)}")
        if table.data.get("restart", "false") != "false":
            raise table.error(
                ("restart",), "is not done: each service is replaced for itself; take it out"
            )
        ends = condition == "service_completed_successfully"
        yield Need(name, place, table.data.get("required") != "false", ends)


def in_order(names: Sequence[str], before: Callable[[str], Sequence[str]]) -> list[str]:
    """The names, each behind those `before` it, and else as they were.

    ValueError where they wait for each other.
    """
    done: list[str] = []

    def visit(name: str, road: tuple[str, ...]) -> None:
        if name in road:
            raise ValueError(f"{' waits for '.join((*road[road.index(name) :], name))}")
        if name in done:
            return
        for earlier in before(name):
            visit(earlier, (*road, name))
        done.append(name)

    for name in names:
        visit(name, ())
    return done
