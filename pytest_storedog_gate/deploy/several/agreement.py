"""Whether all targets have agreed that a deployment stays, by what each of them has noted.

A note holds the deploy ID of every target. It is made at all of them before any is concluded, so
that whoever is left of them knows. It counts only as long as each target still runs what it names:
where one was put back after the note, all are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def staying(
    notes: Iterable[Mapping[str, str]], standing: Mapping[str, str | None]
) -> frozenset[str]:
    """The targets whose open deployment is to be kept; that of any other is to be put back.

    `standing` are the deploy IDs of what is live at each target. A note may name targets that the
    configuration has no more.
    """
    agreed = (note for note in notes if _holds(note, standing))
    return frozenset(target for note in agreed for target in note)


def _holds(note: Mapping[str, str], standing: Mapping[str, str | None]) -> bool:
    return all(standing[target] == one for target, one in note.items() if target in standing)
