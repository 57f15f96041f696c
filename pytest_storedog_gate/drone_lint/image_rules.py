"""The image: whether gate and production mean the one that this build has made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_storedog_gate.drone_lint.deployments import commands, deploying
from pytest_storedog_gate.drone_lint.order_rules import missed
from pytest_storedog_gate.drone_lint.recognised import pattern
from pytest_storedog_gate.drone_lint.rules import finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_storedog_gate.drone_lint.drone_file import Step
    from pytest_storedog_gate.drone_lint.roles import Roles
    from pytest_storedog_gate.drone_lint.rules import Finding

_FIXED = pattern("fixed")
_PUSHED = re.compile(r"docker (?:image )?push (?:-q |--quiet )?['\"]?([^\s'\"]+)")
# An image with its tag, and a tag alone where what stands before it says so.
_NAMED = re.compile(
    r"(?:^|[\s='\",])((?:[\w.-]+(?::\d+)?/)*[a-z][\w.-]*:(?!//)[\w$][\w.${}:-]*)(?=$|[\s'\",])"
    r"|\btag[= ]['\"]?([^\s'\"]+)"
)
# What a command means as its image: one with its tag, an option of such a name, a word of its own.
_MEANT = re.compile(
    r"[\w/]+[:@][\w$][^\s,]*|(?:tag|image|digest|version)[= ]\S+|(?:^|\s)(?!-)\S+ +['\"]?\$\S+",
    re.IGNORECASE,
)


def of_gate(step: Step, roles: Roles) -> Iterator[Finding]:
    """A reference that another build can move between this build's push and its gate."""
    image, line = _asked_for(step)
    if image is None:
        return
    if not _FIXED.search(image) and ("BRANCH" in image or "$" not in image):
        yield finding(line, "moving-tag", image)
    steps = [each for each in roles.steps if each.pipeline is step.pipeline]
    pushed = [p for each in steps for text in each.filled for p in _PUSHED.findall(text)]
    if pushed and not any(_same(image, each) for each in pushed):
        yield finding(
            line, "other-image", image, f"this pipeline, which pushes {', '.join(pushed)}"
        )
    for other in roles.production:
        theirs, line = (None, 0) if missed(other, step) else _asked_for(other)
        if theirs and not (_same(image, theirs) or _same(theirs, image)):
            yield finding(line, "other-image", theirs, f"the gate, which has judged {image}")


def of_deployment(step: Step) -> Iterator[Finding]:
    """A deployment by other means has to name the image by what the gate has judged."""
    run = commands(step)
    for image, tag in (found for text in deploying(step) or run for found in _NAMED.findall(text)):
        if not _FIXED.search(image or tag):
            yield finding(step.line, "moving-tag", f"{image or tag}, which {step.name} deploys,")
            return
    if not any(_FIXED.search(m[0]) for text in run for m in _MEANT.finditer(text)):
        yield finding(step.line, "image-unknown", step.name)


def _asked_for(step: Step) -> tuple[str | None, int]:
    """The image, and the line that says so."""
    option = step.gate.option("--storedog-image") if step.gate else None
    variable = step.gate.variables.get("STOREDOG_IMAGE") if step.gate else None
    given = step.given.get("STOREDOG_IMAGE")
    return option or variable, step.at if option or not given else given.line


def _same(image: str, other: str) -> bool:
    """Whether both name one image; a tag or a digest alone is one of the other's repository."""
    return image == other or other.endswith((f":{image.removeprefix(':')}", f"@{image}"))
