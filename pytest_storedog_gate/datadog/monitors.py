"""Monitors of Datadog's: what they say of what is live.

https://docs.datadoghq.com/api/latest/monitors/
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from pytest_storedog_gate.datadog.calling.caller import Call, Caller
from pytest_storedog_gate.datadog.calling.json_answer import listed, mapping, plain
from pytest_storedog_gate.errors import NoVerdict

if TYPE_CHECKING:
    from pytest_storedog_gate.datadog.calling.bounded_exchange import Answer

MOST = 50  # monitors of a search, as many as a deployment gate of Datadog's takes
_SCOPE = "monitors_read"
_NAMED = 5  # groups


@dataclass(frozen=True)
class Monitor:
    """One look at a monitor. `state` is in Datadog's words; `groups` are those that alert."""

    id: int
    name: str
    state: str
    muted: bool = False
    groups: tuple[str, ...] = ()

    @property
    def alerts(self) -> bool:
        """Whether it does, or a group of it: what contradicts itself is not fine."""
        return self.state == "Alert" or bool(self.groups)

    @property
    def fine(self) -> bool:
        """A warning is below what the monitor alerts at."""
        return self.state in ("OK", "Warn") and not self.groups

    @property
    def told(self) -> str:
        """Its state, in words."""
        muted = ", and is muted, which changes nothing" if self.muted else ""
        more = ", ..." if len(self.groups) > _NAMED else ""
        where = f", and Alert in {', '.join(self.groups[:_NAMED])}{more}" if self.groups else ""
        return f"{self.name!r} says {self.state or 'nothing'}{where}{muted}"

    @classmethod
    def from_json(cls, data: dict[str, Any], asked: int) -> Self:
        """Reads the answer about the monitor that was `asked` for; ValueError about another."""
        if data["id"] != asked:
            raise ValueError
        groups = _object(_object(data.get("state")).get("groups"))
        silenced = mapping(mapping(data.get("options")).get("silenced"))
        return cls(
            asked,
            plain(data.get("name"), f"monitor {asked}"),
            plain(data.get("overall_state")),
            bool(silenced or data.get("matching_downtimes")),
            tuple(name for name, one in groups.items() if _object(one).get("status") == "Alert"),
        )


def _object(value: object) -> dict[str, Any]:
    """One that may be missing, and decides: TypeError for what is something else."""
    if not isinstance(value, dict | None):
        raise TypeError
    return value or {}


class Monitors(Caller):
    """The calls about monitors; see `Caller` for how each is made."""

    service = "Datadog"

    def monitor(self, number: int) -> Monitor:
        """One monitor as it stands. Raises `NoVerdict` where Datadog does not know it."""

        def unknown() -> Monitor:
            raise NoVerdict(
                f"{self.endpoint.name} has no monitor {number}: name another one in `watch`, or "
                "check that the keys belong to this site and organisation"
            )

        return self.ask(
            Call(
                f"v1/monitor/{number}",
                f"the monitor {number}",
                lambda answer: Monitor.from_json(answer.json(), number),
                params={"group_states": "alert", "with_downtimes": "true"},
                instead={404: unknown},
                # What it says is asked for until the watch is over.
                patient=True,
                scope=_SCOPE,
            )
        )

    def search(self, query: str) -> tuple[int, ...]:
        """The IDs of all monitors that a query finds; none, or too many, are no selection."""

        def read(answer: Answer) -> tuple[list[Any], int]:
            data = answer.json()
            return listed(data["monitors"]), int(mapping(data.get("metadata"))["total_count"])

        params = {"query": query, "per_page": str(MOST), "page": "0"}
        call = Call("v1/monitor/search", "a search for monitors", read, params=params, scope=_SCOPE)
        found, total = self.ask(call)
        ids = tuple(one["id"] for one in found if isinstance(mapping(one).get("id"), int))
        if not ids:
            raise NoVerdict(
                f"the search {query!r} finds no monitor on {self.endpoint.name}, so it proves "
                'nothing; tags are searched as tag:"key:value"'
            )
        if total > len(ids):
            raise NoVerdict(
                f"the search {query!r} finds {total} monitors on {self.endpoint.name}, and "
                f"{len(ids)} of them can be watched; narrow it"
            )
        return ids
