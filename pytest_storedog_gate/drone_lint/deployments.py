"""Which steps put something somewhere, and whether that is known to be another place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_storedog_gate.drone_lint.recognised import pattern
from pytest_storedog_gate.drone_lint.rules import Level

if TYPE_CHECKING:
    from pytest_storedog_gate.drone_lint.drone_file import Step

_HARMLESS, _ENDS = pattern("commands"), re.compile(r"[;|`()]+|&&|&(?=\s|$)")
_BY, _CALLED, _IMAGES, _LOOKS, _ABOUT, _PRODUCTION, _ELSEWHERE = (
    pattern("deployments", name)
    for name in ("by", "called", "images", "looks", "about", "production", "elsewhere")
)


def is_production(name: str) -> bool:
    """Whether a name has a word for production in it."""
    return _PRODUCTION.search(name.lower()) is not None


def commands(step: Step) -> list[str]:
    """What the step runs and is not known to leave everything as it is; a plugin's settings."""
    settings = step.source.get("settings")
    if settings.node is not None and step.source.get("commands").node is None:
        given = [f"{key}={text}" for key in settings.entries() for text in settings.texts(key)]
        return [" ".join([step.source.get("image").text or "", *given])]
    parts = (part.strip() for text in step.filled for part in _ENDS.split(text))
    plain = (re.sub("['\"]", "", p) for p in parts if p[:1] != "#" and not _HARMLESS.fullmatch(p))
    return [each for each in plain if each]


def deploying(step: Step) -> list[str]:
    """Those of its commands that deploy."""
    found = commands(step)
    own = step.source.get("commands").node is None  # the image's program runs, not a shell
    if own and _IMAGES.search(step.source.get("image").text or ""):
        return found or [""]
    return [each for each in found if _BY.search(each) and not _LOOKS.search(each)]


def purpose(step: Step) -> Level | None:
    """How bad it is that the step runs without the gate: a warning where that is not known."""
    name, found = step.name.lower(), deploying(step)
    if is_production(name):
        if found or not _ABOUT.search(name):
            return Level.ERROR
        return Level.WARNING if any(not _LOOKS.search(c) for c in commands(step)) else None
    if not found and (_ABOUT.match(name) or not _CALLED.search(name)):
        return None
    targets = [t for each in step.conditions for t in each.get("target", (set(), set()))[0]]
    named = _is_elsewhere(name) or (targets and all(map(_is_elsewhere, targets)))
    if any(map(is_production, found)):
        return Level.WARNING if named else Level.ERROR
    return None if named or (found and all(map(_is_elsewhere, found))) else Level.ERROR


def _is_elsewhere(name: str) -> bool:
    return _ELSEWHERE.search(name.lower()) is not None
