"""Tags of checks: they select by `-m` and `-k`, and do nothing else.

A tag is text from outside. As a real marker, `skip` or `xfail` would change the run.
"""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pytest


@contextmanager
def shown(items: Iterable[tuple[pytest.Item, Sequence[str]]]) -> Iterator[None]:
    """While items are selected, lists the tags of each beside its markers.

    Only who asks for all markers at once sees them, as `-m` does, not who asks for one by name.
    """
    changed = []
    for item, tags in ((item, tags) for item, tags in items if tags):
        item.extra_keyword_matches.update(tags)
        item.iter_markers = _with(tags, item)  # type: ignore[method-assign]
        changed.append(item)
    try:
        yield
    finally:
        for item in changed:
            del item.iter_markers


def _with(tags: Sequence[str], item: pytest.Item) -> Any:
    own = item.iter_markers
    listed = [SimpleNamespace(name=tag, args=(), kwargs={}) for tag in tags]

    def iter_markers(name: str | None = None) -> Iterator[Any]:
        yield from own(name)
        if name is None:
            yield from listed

    return iter_markers
