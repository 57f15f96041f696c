"""Production and the gate: whether one can run though the other has not passed on its image."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_storedog_gate.drone_lint.production import commands, deploying
from pytest_storedog_gate.drone_lint.recognised import pattern
from pytest_storedog_gate.drone_lint.rules import finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_storedog_gate.drone_lint.drone_file import DroneFile, Step
    from pytest_storedog_gate.drone_lint.production import Steps
    from pytest_storedog_gate.drone_lint.rules import Finding

# Drone's conditions but the status; it looks at no others, `paths` neither.
_CONDITIONS = {"branch", "event", "ref", "target", "cron", "action", "repo", "instance"}
_FIXED, _PUSHED, _NAMED, _MEANT = (
    pattern("images", name) for name in ("fixed", "pushed", "named", "meant")
)


def of_order(step: Step, steps: Steps, file: DroneFile) -> list[Finding]:
    """What lets this step run without the gate; with several gates, the one that holds best."""
    if steps.required(step):
        return []  # it refuses a digest without a verdict, wherever it runs
    if steps.gates:
        return min((list(_of_pair(step, gate, file)) for gate in steps.gates), key=len)
    unasked = step.gate.environment if step.gate else None
    return [finding(step.at, "not-required", unasked)] if unasked else []


def of_image(gate: Step, steps: Steps) -> Iterator[Finding]:
    """A reference that another build can move between this build's push and its gate."""
    image, line = _asked_for(gate)
    if image is None:
        return
    if not _FIXED.search(image) and ("BRANCH" in image or "$" not in image):
        yield finding(line, "moving-tag", image)
    here = [each for each in steps.all if each.pipeline is gate.pipeline]
    pushed = [p for each in here for line in each.filled for p in _PUSHED.findall(line.text)]
    if pushed and not any(_same(image, each) for each in pushed):
        what = f"this pipeline, which pushes {', '.join(pushed)}"
        yield finding(line, "other-image", image, what)
    for other in steps.production:
        theirs, line = (None, 0) if _missed(other, gate) else _asked_for(other)
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


def _of_pair(step: Step, gate: Step, file: DroneFile) -> Iterator[Finding]:
    name = gate.name
    mine, other = step.pipeline, gate.pipeline
    if condition := _missed(step, gate):
        yield finding(step.line, "gate-skipped", step.name, name, condition)
        return
    if mine is not other and other.name not in file.waits_for[mine.name]:
        yield finding(mine.source.line, "pipeline-not-after-gate", mine.name, other.name)
    elif step.source is gate.source:
        order = step.gates.found
        if step.gate and gate.gate and order.index(step.gate) < order.index(gate.gate):
            yield finding(step.at, "not-after-gate", "the script of " + name, name)
    elif mine is other and name not in mine.waits_for[step.name]:
        yield finding(step.line, "not-after-gate", step.name, name)
    of_pipeline, of_step = step.statuses
    if of_step != {"success"}:
        yield finding(step.line, "runs-on-failure", step.name)
    if mine is not other and of_pipeline != {"success"}:
        yield finding(mine.source.get("trigger").line, "runs-on-failure", f"pipeline {mine.name}")


def _missed(step: Step, gate: Step) -> str | None:
    """A condition of the gate that is not production's as well: it may be skipped alone."""
    for needs in gate.conditions:
        for name, (include, exclude) in needs.items():
            has = [each[name] for each in step.conditions if name in each]
            included = not include or any(h[0] and h[0] <= include for h in has)
            excluded = not exclude or any(exclude <= h[1] or _apart(h[0], exclude) for h in has)
            if name in _CONDITIONS and not (included and excluded):
                return name
    return None


def _apart(names: set[str], others: set[str]) -> bool:
    """Whether none of the names is one of the others; of patterns nobody knows."""
    plain = all(re.fullmatch(r"[\w./-]+", each) for each in names | others)
    return bool(names) and plain and not names & others


def _asked_for(step: Step) -> tuple[str | None, int]:
    """The image, and the line that says so."""
    option = step.gate.option("--storedog-image") if step.gate else None
    variable = step.gate.variables.get("STOREDOG_IMAGE") if step.gate else None
    given = step.given.get("STOREDOG_IMAGE")
    return option or variable, step.at if option or not given else given.line


def _same(image: str, other: str) -> bool:
    """Whether both name one image; a tag or a digest alone is one of the other's repository."""
    return image == other or other.endswith((f":{image.removeprefix(':')}", f"@{image}"))
