"""What results say, for people: a table of each case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench import results

if TYPE_CHECKING:
    from bench.results import Spread

Json = dict[str, Any]


def table(case: Json) -> str:
    """A case's figures: a line each, ours, the peers', and the ratio to each peer."""
    ours, *others = case["peers"]
    head = ["figure", ours, *(word for name in others for word in (name, "ratio"))]
    rows = [head]
    for figure in results.figures(case):
        row = [figure, shown(results.own(case, ours, figure))]
        for name in others:
            row.append(shown(results.own(case, name, figure)))
            row.append(shown(results.ratio(case, name, figure)))
        rows.append(row)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    verdicts = [
        f"{'as wanted' if good else 'NOT AS WANTED'}: {sentence(wanted)}: {shown(found)}"
        for wanted, found, good in results.judged(case)
    ]
    failures = [f"{name} failed: {why}" for name, why in case["failed"].items()]
    return "\n".join(
        (f"  {case['name']}", *(f"    {one}" for one in (*lines, *verdicts, *failures)))
    )


def sentence(wanted: Json) -> str:
    """What is wanted, in words."""
    limit = f"at most {wanted['at_most']:g}"
    match wanted["kind"]:
        case "ratio":
            return f"{wanted['figure']}, {limit} of {wanted['peer']}'s"
        case "difference":
            return f"{wanted['figure']}, {limit} more than {wanted['peer']}"
        case _:
            return f"{wanted['figure']}, {limit}"


def shown(spread: Spread | None) -> str:
    """The median, and what lies around it where there is more than one value."""
    if spread is None:
        return "-"
    if spread.lowest == spread.highest:
        return _number(spread.median)
    return f"{_number(spread.median)} ({_number(spread.lowest)} to {_number(spread.highest)})"


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
