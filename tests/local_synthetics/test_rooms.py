"""The service stands on few of the gate's rooms, and its own rooms stand one upon the other."""

from __future__ import annotations

import ast
from functools import cache
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from tests.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = "pytest_storedog_gate"
SERVICE = f"{PACKAGE}.local_synthetics"
FOUNDATION = {"errors", "outlets", "reading", "secrets"}


@cache
def imports() -> list[tuple[str, str]]:
    """Each module of the service with each module of the package that it imports, types too."""
    return [
        (".".join(path.relative_to(ROOT).with_suffix("").parts), imported)
        for path in sorted((ROOT / SERVICE.replace(".", "/")).rglob("*.py"))
        for imported in _imported(path.read_text(encoding="utf-8"))
        if imported.startswith(f"{PACKAGE}.")
    ]


def _imported(code: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def test_the_service_imports_nothing_of_the_gate_but_its_foundation() -> None:
    outside = {two for _, two in imports() if not two.startswith(f"{SERVICE}.")}
    assert {two.split(".")[1] for two in outside} <= FOUNDATION
    assert outside  # else nothing was read


def test_no_room_stands_on_one_that_stands_on_it() -> None:
    rooms: dict[str, set[str]] = {}
    for one, two in imports():
        if two.startswith(f"{SERVICE}."):
            below = {two.split(".")[2]} - {one.split(".")[2]}
            rooms.setdefault(one.split(".")[2], set()).update(below)
    order = list(TopologicalSorter(rooms).static_order())  # raises CycleError
    assert order.index("definitions") < order.index("kinds") < order.index("api")
