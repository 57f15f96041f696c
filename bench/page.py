"""What results say, for people: a table of each case in a terminal, and its page."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import plot, results

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.results import Spread

Json = dict[str, Any]
_INTRODUCTION = Path(__file__).with_name("introduction.md")
_OWN_PAGES = {"scale": Path(__file__).parent / "simulated" / "introduction.md"}


def table(case: Json) -> str:
    """A case's figures: a line each, ours, the peers', and the ratio to each peer."""
    rows = _rows(case)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    verdicts = [
        f"{'as wanted' if good else 'NOT AS WANTED'}: {sentence(wanted)}: {shown(found)}"
        for wanted, found, good in results.judged(case)
    ]
    failures = [f"{name} failed: {why}" for name, why in case["failed"].items()]
    below = (f"    {line}" for line in (*lines, *verdicts, *failures))
    return "\n".join((f"  {case['name']}", *below))


def write(measurements: Json, docs: Path) -> None:
    """The page benchmarks.md in a folder, the own pages of some measurements, and the pictures."""
    (docs / "pictures").mkdir(parents=True, exist_ok=True)
    shared = {name: found for name, found in measurements.items() if name not in _OWN_PAGES}
    _write(docs, "benchmarks.md", _INTRODUCTION, shared)
    for name in _OWN_PAGES.keys() & measurements.keys():
        _write(docs, f"{name}.md", _OWN_PAGES[name], {name: measurements[name]})


def _write(docs: Path, page: str, introduction: Path, measurements: Json) -> None:
    parts = [introduction.read_text(encoding="utf-8").rstrip()]
    for name, found in measurements.items():
        parts += [f"## {name}", found["about"]]
        if picture := plot.drawn(found["cases"]):
            path = f"pictures/bench-{name}.svg"
            (docs / path).write_text(picture, encoding="utf-8")
            parts.append(f"![{name}: the ratio of each figure, by case]({path})")
        parts += _wanted(found["cases"])
        for _, cases in groupby(
            found["cases"], lambda case: (case["peers"], results.figures(case))
        ):
            parts += _matrix(list(cases))
        parts.append(
            f"Made {found['at']} UTC with commit {found['commit']}, Python {found['python']}, "
            f"{found['cores']} cores, a load of {found['load']:.1f} at the end."
        )
    (docs / page).write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def sentence(wanted: Json) -> str:
    """What is wanted, in words."""
    limit = f"at most {wanted['at_most']:g}"
    match wanted["kind"]:
        case "ratio":
            return f"{wanted['figure'].partition(',')[0]}: {limit} of {wanted['peer']}'s"
        case "difference":
            return f"{wanted['figure']}: {limit} more than {wanted['peer']}"
        case _:
            return f"{wanted['figure']}: {limit}"


def shown(spread: Spread | None) -> str:
    """The median, and what lies around it where there is more than one value."""
    if spread is None:
        return "-"
    if spread.lowest == spread.highest:
        return _number(spread.median)
    return f"{_number(spread.median)} ({_number(spread.lowest)} to {_number(spread.highest)})"


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _rows(case: Json) -> list[list[str]]:
    ours, *others = case["peers"]
    rows = [["figure", ours, *(word for name in others for word in (name, "ratio"))]]
    for figure in results.figures(case):
        row = [figure, shown(results.own(case, ours, figure))]
        for name in others:
            row.append(shown(results.own(case, name, figure)))
            row.append(shown(results.ratio(case, name, figure)))
        rows.append(row)
    return rows


def _wanted(cases: list[Json]) -> Iterator[str]:
    rows = [["case", "wanted", "measured", "as wanted"]]
    rows += [
        [case["name"], sentence(wanted), shown(found), "yes" if good else "**no**"]
        for case in cases
        for wanted, found, good in results.judged(case)
    ]
    if len(rows) > 1:
        yield _markdown(rows)


def _matrix(cases: list[Json]) -> Iterator[str]:
    """Cases of the same figures: one as a line for each figure, several as a line for each case."""
    if len(cases) == 1:
        yield f"{cases[0]['name']}:"
        yield _markdown(_rows(cases[0]))
        return
    ours, *others = cases[0]["peers"]
    figures = results.figures(cases[0])
    for whose in [[ours, peer] for peer in others] or [[ours]]:
        rows = [["case", *figures]]
        for case in cases:
            told = ([results.own(case, name, one) for name in whose] for one in figures)
            rows.append([case["name"], *map(_medians, told)])
        yield f"The medians, {' : '.join(whose)}"
        yield _markdown(rows)


def _medians(spreads: list[Spread | None]) -> str:
    there = [_number(spread.median) for spread in spreads if spread]
    return " : ".join(there) if len(there) == len(spreads) else "-"


def _markdown(rows: list[list[str]]) -> str:
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join((head, "|---" * len(rows[0]) + "|", *body))
