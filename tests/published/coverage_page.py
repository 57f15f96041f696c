"""The tables of docs/reference/coverage.md: a test writes them, a person what is around them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from tests.local_synthetics.proving.claims import claimed
from tests.local_synthetics.proving.proof import Cell
from tests.published.coverage import REFUSED, groups, step_types
from tests.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.published.coverage import Group
    from tests.published.recorded import Recorded

PAGE = ROOT / "docs" / "reference" / "coverage.md"


def with_tables(text: str, cells: set[Cell], recorded: Recorded) -> str:
    """The page with each table as it must be: one under each heading."""
    published = groups(cells)
    tables = {
        "The published schema": map(_summary, published),
        "API tests": _operators(cells, published),
        "Browser tests": _steps(),
        "Definitions that the real API returned": _reasons(recorded),
    }
    head, *sections = text.split("\n## ")
    written = [_with_rows(one, tables[one.partition("\n")[0]]) for one in sections]
    return "\n## ".join([head, *written])


def _with_rows(section: str, rows: Iterable[list[str]]) -> str:
    """A section with other rows under the two lines that its table begins with."""
    lines = section.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("|")) + 2
    after = [line for line in lines[first:] if not line.startswith("|")]
    return "\n".join([*lines[:first], *map(_line, rows), *after, ""])


def _line(row: list[str]) -> str:
    return "".join(f"| {cell} " if cell else "| " for cell in row) + "|"


def _summary(group: Group) -> list[str]:
    why = "; ".join(f"`{one}`: {REFUSED[one]}" for one in group.refused)
    return [group.name, str(len(group.published)), f"{len(group.run)} ({group.share:.0%})", why]


def _operators(cells: set[Cell], published: list[Group]) -> Iterator[list[str]]:
    # As the schema has them; what it lacks comes last.
    names = dict.fromkeys(name for group in published for name in group.published)
    order = {name: place for place, name in enumerate(names)}

    def placed(cell: Cell) -> list[tuple[int, str]]:
        return [(order.get(name, len(order)), name) for name in cell]

    grouped = defaultdict[tuple[str, str], list[Cell]](list)
    for cell in sorted(cells, key=placed):
        grouped[cell.kind, _about(cell)].append(cell)
    claims = {cell for kind in {cell.kind for cell in cells} for cell in claimed(kind)} | cells
    for (kind, about), proved in grouped.items():
        shown = [f"`{name}`" for cell in proved if (name := cell.detail or cell.operator)]
        every = [one for one in claims if (one.kind, _about(one)) == (kind, about)]
        yield [f"`{kind}`", about, " ".join(shown), f"{len(proved)} of {len(every)}"]
    yield ["all", "", "", f"{len(cells)} of {len(claims)}"]


def _about(cell: Cell) -> str:
    return f"`{cell.about}`" + (f", `{cell.operator}`" if cell.detail else "")


def _steps() -> Iterator[list[str]]:
    for kind, (passing, failing) in sorted(step_types().items()):
        yield [f"`{kind}`", "; ".join(passing), "; ".join(failing) or "cannot fail by itself"]


def _reasons(recorded: Recorded) -> Iterator[list[str]]:
    yield ["run as they are", str(recorded.run)]
    yield ["refused as they are, run with what their owner can give", str(recorded.completed)]
    yield ["not run, whatever they are given", str(recorded.cannot_run)]
    for what, reasons in (("lacks", recorded.missing), ("not run", recorded.cannot)):
        for reason, count in sorted(reasons.items(), key=lambda item: (-item[1], item[0])):
            yield [f"{what}: {reason}", str(count)]
