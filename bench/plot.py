"""Ratios as an SVG: a line for each case, a panel for each figure that has a peer to beat.

A dot is the median, the line through it goes from the lowest to the highest of the rounds. All
panels share one logarithmic axis; a dot left of the dashed line is better than was wanted.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from bench import results

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]
_LINE, _PANEL, _GAP, _HEAD, _FOOT, _LETTER = 16, 150, 16, 34, 22, 6.2  # px
_GOOD, _BAD = "#1a7f37", "#cf222e"


def drawn(cases: list[Json]) -> str:
    """The picture; empty where there are not two cases of which a ratio is wanted."""
    shown = [case for case in cases if any(_ratios(case))]
    if len(shown) < 2:
        return ""
    panels = list(dict.fromkeys(key for case in shown for key, *_ in _ratios(case)))
    values = [
        value
        for case in shown
        for _, at_most, spread, _ in _ratios(case)
        for value in (at_most, spread.lowest, spread.highest)
    ]
    axis = _Axis(min(0.5, *values), max(2.0, *values))
    left = max(len(case["name"]) for case in shown) * _LETTER + 8
    bottom = _HEAD + len(shown) * _LINE
    lines = [_text(4, _HEAD + _LINE * (row + 0.7), case["name"]) for row, case in enumerate(shown)]
    for column, (figure, peer) in enumerate(panels):
        at = left + column * (_PANEL + _GAP)
        lines += [
            _text(at, 12, figure.partition(",")[0], weight="bold"),
            _text(at, 26, f"to {peer}"),
        ]
        for tick in axis.ticks():
            x = at + axis.at(tick)
            colour = "#57606a" if tick == 1 else "#d0d7de"
            lines.append(_stroke((x, _HEAD), (x, bottom), colour))
            lines.append(_text(x, bottom + 14, f"{tick:g}", anchor="middle"))
        for row, case in enumerate(shown):
            for key, at_most, spread, good in _ratios(case):
                if key == (figure, peer):
                    y, colour = _HEAD + _LINE * (row + 0.5), _GOOD if good else _BAD
                    x = at + axis.at(at_most)
                    lines.append(_stroke((x, y - 7), (x, y + 7), "#57606a", dash="2 2"))
                    low, high = (at + axis.at(end) for end in (spread.lowest, spread.highest))
                    lines.append(_stroke((low, y), (high, y), colour, width=2))
                    x = at + axis.at(spread.median)
                    lines.append(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="4" fill="{colour}"/>')
    width = left + len(panels) * (_PANEL + _GAP)
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{bottom + _FOOT}"'
        ' font-family="sans-serif" font-size="11" fill="#1f2328">'
    )
    background = '<rect width="100%" height="100%" fill="#fff"/>'
    return "\n".join((opening, background, *lines, "</svg>", ""))


def _ratios(
    case: Json,
) -> Iterator[tuple[tuple[str, str], float, results.Spread, bool]]:
    for wanted, spread, good in results.judged(case):
        if wanted["kind"] == "ratio" and spread is not None and spread.lowest > 0:
            yield (wanted["figure"], wanted["peer"]), wanted["at_most"], spread, good


class _Axis:
    def __init__(self, lowest: float, highest: float) -> None:
        self._from, self._to = math.log10(lowest * 0.9), math.log10(highest * 1.1)

    def at(self, value: float) -> float:
        """Where a value is, in px from the left of its panel."""
        return (math.log10(value) - self._from) / (self._to - self._from) * _PANEL

    def ticks(self) -> list[float]:
        """The powers of ten; of a short axis what lies between them as well."""
        short = self._to - self._from < 1.7
        powers = range(math.floor(self._from), math.ceil(self._to) + 1)
        all_of_them = (
            step * 10.0**power for power in powers for step in ((1, 2, 5) if short else (1,))
        )
        return [one for one in all_of_them if self._from <= math.log10(one) <= self._to]


def _text(x: float, y: float, text: str, *, weight: str = "normal", anchor: str = "start") -> str:
    style = f'font-weight="{weight}" text-anchor="{anchor}"'
    return f'<text x="{x:.0f}" y="{y:.0f}" {style}>{escape(text)}</text>'


_Point = tuple[float, float]


def _stroke(start: _Point, end: _Point, colour: str, *, width: int = 1, dash: str = "none") -> str:
    (x1, y1), (x2, y2) = start, end
    where = f'x1="{x1:.0f}" y1="{y1:.0f}" x2="{x2:.0f}" y2="{y2:.0f}"'
    return f'<line {where} stroke="{colour}" stroke-width="{width}" stroke-dasharray="{dash}"/>'
