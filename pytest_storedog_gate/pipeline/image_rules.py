"""The image: whether gate and production mean the one that this build has made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from . import conditions
from .findings import Finding
from .recognition import resolved
from .roles import Placed
from .script import substituted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .roles import Roles

# What makes a reference this build's own: a digest, the commit, the build, a Git tag.
_FIXED = re.compile(
    r"sha256:[0-9a-f]|\$\{?(DRONE_(COMMIT(_SHA|_AFTER)?|BUILD_NUMBER|TAG|SEMVER)|CI_COMMIT_SHA)\b"
    r"|\$\{?\w*DIGEST"
)
_BRANCH = re.compile(r"\$\{?DRONE_\w*BRANCH")
_PUSHED = re.compile(r"docker (?:image )?push (?:-q |--quiet )?['\"]?([^\s'\"]+)")


def of_gate(placed: Placed, roles: Roles) -> Iterator[Finding]:
    """A reference that another build can move between this build's push and its gate."""
    image = _asked_for(placed)
    if image is None or placed.gate is None:
        return
    if not _FIXED.search(image) and (_BRANCH.search(image) or "$" not in image):
        what = f"{image} can be moved by another build: the gate may judge that one's image"
        remedy = "put ${DRONE_COMMIT_SHA} into the tag, or use a digest"
        yield Finding(_line(placed), "moving-tag", what, remedy)
    pushed = _pushed(placed)
    if pushed and not any(_same(image, each) for each in pushed):
        what = f"this pipeline pushes {', '.join(pushed)}, and the gate is about {image}"
        yield Finding(_line(placed), "other-image", what, "use one reference for both")
    for other in roles.production:
        yield from _of_pair(placed, image, other)


def _of_pair(placed: Placed, image: str, other: Placed) -> Iterator[Finding]:
    together = [placed.pipeline.trigger, placed.step.when, other.pipeline.trigger, other.step.when]
    if not conditions.overlap(together):
        return  # in another build the image comes from elsewhere
    theirs = _asked_for(other)
    if theirs is not None and not (_same(image, theirs) or _same(theirs, image)):
        what = f"{other.step.name} deploys {theirs}, and the gate has judged {image}"
        yield Finding(_line(other), "other-image", what, "use one reference for both")


def of_deployment(placed: Placed) -> Iterator[Finding]:
    """A deployment by other means has to name the image by what the gate has judged."""
    if placed.gate is not None:
        return
    named = [placed.step.script.text, *placed.environment.values()]
    named += [
        substituted(item.text or "") for v in placed.step.settings.values() for item in v.items()
    ]
    if not any(_FIXED.search(resolved(text, placed.environment)) for text in named):
        what = f"nothing in {placed.step.name} says that it deploys the image of this build"
        remedy = "name it by digest or ${DRONE_COMMIT_SHA}, or use `pytest --storedog-env=...`"
        yield Finding(placed.step.line, "moving-tag", what, remedy)


def _asked_for(placed: Placed) -> str | None:
    gate, environment = placed.gate, placed.environment
    if gate is None:
        return None
    known = {**environment, **gate.variables}
    image = gate.option("--storedog-image") or known.get("STOREDOG_IMAGE")
    return None if image is None else resolved(image, known).strip("'\"")


def _line(placed: Placed) -> int:
    given = {**placed.pipeline.environment, **placed.step.environment}.get("STOREDOG_IMAGE")
    named = placed.gate is not None and placed.gate.option("--storedog-image")
    return placed.line if named or given is None else given.line


def _pushed(placed: Placed) -> list[str]:
    found = []
    for step in placed.pipeline.steps:
        environment = Placed(placed.pipeline, step).environment
        found += [resolved(m, environment) for m in _PUSHED.findall(step.script.text)]
    return found


def _same(image: str, other: str) -> bool:
    """Whether both name one image; a tag or a digest alone is one of the other's repository."""
    return image == other or other.endswith((f":{image.removeprefix(':')}", f"@{image}"))
