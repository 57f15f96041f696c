"""Which steps put something into production, and whether one can run without the gate's verdict."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_storedog_gate.drone_lint.recognised import pattern
from pytest_storedog_gate.drone_lint.rules import Finding, Level, comments, finding
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.settings import file as configuration

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_storedog_gate.drone_lint.drone_file import Step


def mark(steps: list[Step], text: str, root: Path) -> Iterator[Finding]:
    """Says of each step whether it is production; finds comments at no step."""
    said = [*comments(text)]
    elsewhere = next((path for *_, comment in said if (path := comment["config"])), "")
    for _, about, comment in said:
        here = [step for step in steps if step.source.line <= about <= step.source.last]
        if comment["production"] and here:
            here[-1].is_production = True
        elif comment["production"]:
            yield finding(about, "comment", "`storedog: production` stands at no step")
    is_named = any(step.is_production for step in steps)
    for step in steps:
        step.is_refusing = bool(step.environment) and _requires(step, root, elsewhere)
        if step.is_refusing or not is_named:
            step.is_production = step.is_refusing or _is_production(step)


def _requires(step: Step, root: Path, elsewhere: str) -> bool:
    """Whether its environment needs a verdict, as its storedog.toml, or one elsewhere, tells."""
    folder, named = root / step.folder, step.option("--storedog-config")
    try:
        path = configuration.find(folder, named, folder)
    except ConfigurationError:
        path = folder if named else root / elsewhere
    sections = configuration.read(path).environments if path.is_file() else {}
    return any(s.requires is not None for n, s in sections.items() if n == step.environment)


def _is_production(step: Step) -> bool | None:
    """What its name and commands tell; None where it may be."""
    if step.program:
        return _says("production", step.environment or "")
    name, found = step.name, _deploying(step)
    if _says("production", name):
        if found or not _says("about", name):
            return True
        return False if all(map(pattern("deployments.looks").search, _commands(step))) else None
    if not found and (_says("about", name) or not _says("called", name)):
        return False
    targets = [t for name, include, _ in step.conditions if name == "target" for t in include]
    named = any(each and all(_says("elsewhere", e) for e in each) for each in ([name], targets))
    if any(_says("production", each) for each in found):
        return None if named else True
    return not (named or (found and all(_says("elsewhere", e) for e in found)))


def of_step(step: Step, gates: list[Step]) -> Iterator[Finding]:
    """What lets production run without the gate, or deploy another image; warnings of a guess."""
    if step.is_refusing or step.is_production is False:
        return
    # With several gates, the one that holds best.
    pairs = ([*_of_pair(step, gate)] for gate in gates)
    unasked = [finding(step.at, "not-required", step.environment)] if step.environment else []
    for found in min(pairs, key=len) if gates else unasked:
        yield found if step.is_production else replace(found, level=Level.WARNING)
    if step.is_production and gates and not step.program:
        yield from _of_deployment(step)


def of_image(gate: Step, steps: list[Step]) -> Iterator[Finding]:
    """A reference that another build can move between this build's push and its gate."""
    image, line = _asked_for(gate)
    if not image:
        return
    if not pattern("images.fixed").search(image) and ("BRANCH" in image or "$" not in image):
        yield finding(line, "moving-tag", image)
    here = {text for s in steps if s.pipeline is gate.pipeline for _, text in s.filled}
    pushed = sorted(each for text in here for each in pattern("images.pushed").findall(text))
    if pushed and not any(_same(image, each) for each in pushed):
        what = f"this pipeline, which pushes {', '.join(pushed)}"
        yield finding(line, "other-image", image, what)
    for other in steps:
        theirs, line = _asked_for(other) if other.is_production else (None, 0)
        if theirs and not (_missed(other, gate) or _same(image, theirs) or _same(theirs, image)):
            yield finding(line, "other-image", theirs, f"the gate, which has judged {image}")


def _of_deployment(step: Step) -> Iterator[Finding]:
    """A deployment by other means has to name the image by what the gate has judged."""
    run, fixed = _commands(step), pattern("images.fixed").search
    named = [m for text in _deploying(step) or run for m in pattern("images.named").findall(text)]
    meant = [m[0] for text in run for m in pattern("images.meant").finditer(text)]
    if moving := [image or tag for image, tag in named if not fixed(image or tag)]:
        yield finding(step.line, "moving-tag", f"{moving[0]}, which {step.name} deploys,")
    elif not any(map(fixed, meant)):
        yield finding(step.line, "image-unknown", step.name)


def _of_pair(step: Step, gate: Step) -> Iterator[Finding]:
    if condition := _missed(step, gate):
        yield finding(step.line, "gate-skipped", step.name, gate.name, condition)
        return
    if gate not in step.after:
        yield finding(step.at, "not-after-gate", step.name, f"{gate.name} (line {gate.at})")
    here = step.pipeline is gate.pipeline
    if any(statuses != {"success"} for statuses in step.statuses[here:]):
        yield finding(step.line, "runs-on-failure", step.name)


def _missed(step: Step, gate: Step) -> str | None:
    """A condition of the gate that is not production's as well: it may be skipped alone."""
    plain = re.compile(r"[\w./-]+").fullmatch  # of patterns nobody knows what they match
    for name, include, exclude in gate.conditions:
        theirs = [(has, not_) for other, has, not_ in step.conditions if other == name]
        apart = [h for h, _ in theirs if h and not h & exclude and all(map(plain, h | exclude))]
        included = not include or any(has and has <= include for has, _ in theirs)
        excluded = not exclude or apart or any(exclude <= not_ for _, not_ in theirs)
        if pattern("conditions").fullmatch(name) and not (included and excluded):
            return name
    return None


def _commands(step: Step) -> list[str]:
    """What the step runs and is not known to leave everything as it is; a plugin's settings."""
    settings = step.source.get("settings")
    if settings.entries and not step.source.get("commands").items:
        given = [f"{key}={text}" for key in settings.entries for text in settings.texts(key)]
        return [" ".join([step.source.get("image").text or "", *given])]
    harmless, cut = pattern("commands").fullmatch, pattern("operators").split
    written = [c for _, text in step.filled for c in pattern("written").findall(text)]
    texts = [each for each in written if not harmless(each.strip())]
    told = step.variables.items()
    texts += [f"{n}={v}" for n, v in told if n in ("DOCKER_HOST", "DOCKER_CONTEXT")]
    parts = (re.sub("['\"]", "", part) for text in texts for part in cut(text))
    found = (" ".join(part.split()) for part in parts)
    return [each for each in found if each[:1] not in ("", "#") and not harmless(each)]


def _deploying(step: Step) -> list[str]:
    found, image = _commands(step), step.source.get("image").text or ""
    by, looks = pattern("deployments.by").search, pattern("deployments.looks").search
    if not step.source.get("commands").items and pattern("deployments.images").search(image):
        return found or [""]  # the image's program runs, not a shell
    return [each for each in found if by(each) and not looks(each)]


def _asked_for(step: Step) -> tuple[str | None, int]:
    """The image, and the line that says so."""
    asked, given = step.option("--storedog-image"), step.given.get("STOREDOG_IMAGE")
    image = asked or (step.variables.get("STOREDOG_IMAGE") if step.arguments else None)
    return image, step.at if asked or not given else given.line


def _same(image: str, other: str) -> bool:
    """Whether both name one image; a tag or a digest alone is one of the other's repository."""
    return image == other or other.endswith((f":{image.removeprefix(':')}", f"@{image}"))


def _says(what: str, name: str) -> bool:
    """Whether a name says so; `deployToProd` is three words."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
    return pattern(f"deployments.{what}").search(words) is not None
