"""Whether all targets have agreed that a deployment stays, by what each of them has noted.

A note holds the deploy ID of every target. It is made at all of them before any is concluded, so
that whoever is left of them knows. It counts only as long as all that it names is live: where one
was put back after the note, all are. The configuration may call a target otherwise by then, or have
it no more, so that the deploy IDs are looked for wherever they are.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def staying(
    notes: Iterable[Mapping[str, str]], standing: Mapping[str, str | None]
) -> frozenset[str]:
    """The targets whose open deployment is to be kept; that of any other is to be put back.

    `standing` are the deploy IDs of what is live at each target.
    """
    agreed = {one for note in notes if _holds(note, standing) for one in note.values()}
    return frozenset(target for target, one in standing.items() if one in agreed)


def _holds(note: Mapping[str, str], standing: Mapping[str, str | None]) -> bool:
    """All that it names is live, or all that is live where targets were only taken out."""
    named, live = Counter[str | None](note.values()), Counter(standing.values())
    return bool(note) and (named <= live or (standing.keys() < note.keys() and live <= named))
