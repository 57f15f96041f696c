"""Which steps put something into production, and whether one can run without the gate's verdict."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from pytest_storedog_gate.drone_lint.recognised import pattern
from pytest_storedog_gate.drone_lint.rules import Level, finding
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.settings import file as configuration

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_storedog_gate.drone_lint.drone_file import Step
    from pytest_storedog_gate.drone_lint.rules import Finding

# Drone's conditions but the status; it looks at no others, `paths` neither.
_DOCKERS = ("DOCKER_HOST", "DOCKER_CONTEXT")
_CONDITIONS = {"branch", "event", "ref", "target", "cron", "action", "repo", "instance"}
_sections = functools.cache(lambda path: configuration.read(path).environments)
_OPERATORS = r"[;\n|`()]+|&&|&(?=\s|$)"
# A comment, or a command as it is written, with the operators within quotes that hide no other.
_COMMENT = r"""(?m:^)[ \t]*\#.*|(?<!\S)\#[^\n'"]*(?=\n|\Z)"""
_WRITTEN = re.compile(
    rf"""{_COMMENT}|((?:\\.|'[^']*'|"(?:[^"$`\\]|\$(?!\())*"|(?!{_OPERATORS}|{_COMMENT}).)+)"""
)


def requires(step: Step, root: Path, elsewhere: str) -> bool:
    """Whether its gate's environment requires a verdict, as far as its storedog.toml tells.

    `elsewhere` is where that is looked for if there is none.
    """
    if not step.gate or not step.gate.environment:
        return False
    folder, named = root / step.gate.folder, step.gate.option("--storedog-config")
    try:
        path = configuration.find(folder, named, folder)
    except ConfigurationError:
        path = folder if named else root / elsewhere
    section = _sections(path).get(step.gate.environment) if path.is_file() else None
    return section is not None and section.requires is not None


def purpose(step: Step) -> Level | None:
    """How bad it is that the step runs without the gate: a warning where that is not known."""
    if step.gate:
        return Level.ERROR if _says("production", step.gate.environment or "") else None
    name, found = step.name, _deploying(step)
    if _says("production", name):
        if found or not _says("about", name):
            return Level.ERROR
        looks = pattern("deployments.looks")
        return None if all(map(looks.search, _commands(step))) else Level.WARNING
    if not found and (_says("about", name) or not _says("called", name)):
        return None
    targets = [t for name, include, _ in step.conditions if name == "target" for t in include]
    named = any(each and all(_says("elsewhere", e) for e in each) for each in ([name], targets))
    if any(_says("production", each) for each in found):
        return Level.WARNING if named else Level.ERROR
    return None if named or (found and all(_says("elsewhere", e) for e in found)) else Level.ERROR


def of_order(step: Step, gates: list[Step]) -> list[Finding]:
    """What lets this step run without the gate; with several gates, the one that holds best."""
    if gates:
        return min((list(_of_pair(step, gate)) for gate in gates), key=len)
    unasked = step.gate.environment if step.gate else None
    return [finding(step.at, "not-required", unasked)] if unasked else []


def of_image(gate: Step, steps: list[Step], production: list[Step]) -> Iterator[Finding]:
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
    for other in production:
        theirs, line = _asked_for(other)
        if theirs and not (_missed(other, gate) or _same(image, theirs) or _same(theirs, image)):
            yield finding(line, "other-image", theirs, f"the gate, which has judged {image}")


def of_deployment(step: Step) -> Iterator[Finding]:
    """A deployment by other means has to name the image by what the gate has judged."""
    run, fixed = _commands(step), pattern("images.fixed")
    named = [m for text in _deploying(step) or run for m in pattern("images.named").findall(text)]
    moving = [image or tag for image, tag in named if not fixed.search(image or tag)]
    if moving:
        yield finding(step.line, "moving-tag", f"{moving[0]}, which {step.name} deploys,")
    elif not any(
        fixed.search(m[0]) for text in run for m in pattern("images.meant").finditer(text)
    ):
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

    def is_apart(names: set[str], others: set[str]) -> bool:
        plain = all(re.fullmatch(r"[\w./-]+", each) for each in names | others)
        return bool(names) and plain and not names & others  # of patterns nobody knows

    for name, include, exclude in gate.conditions:
        theirs = [(has, not_) for other, has, not_ in step.conditions if other == name]
        included = not include or any(has and has <= include for has, _ in theirs)
        excluded = not exclude or any(exclude <= n or is_apart(has, exclude) for has, n in theirs)
        if name in _CONDITIONS and not (included and excluded):
            return name
    return None


def _commands(step: Step) -> list[str]:
    """What the step runs and is not known to leave everything as it is; a plugin's settings."""
    settings = step.source.get("settings")
    if settings.entries and not step.source.get("commands").items:
        given = [f"{key}={text}" for key in settings.entries for text in settings.texts(key)]
        return [" ".join([step.source.get("image").text or "", *given])]
    harmless = pattern("commands").fullmatch
    written = [c.strip() for _, text in step.filled for c in _WRITTEN.findall(text)]
    texts = [each for each in written if not harmless(each)]
    texts += [f"{name}={value}" for name, value in step.variables.items() if name in _DOCKERS]
    parts = (re.sub("['\"]", "", part) for text in texts for part in re.split(_OPERATORS, text))
    found = (" ".join(part.split()) for part in parts)
    return [each for each in found if each[:1] not in ("", "#") and not harmless(each)]


def _deploying(step: Step) -> list[str]:
    """Those of its commands that deploy."""
    found, image = _commands(step), step.source.get("image").text or ""
    own = not step.source.get("commands").items  # the image's program runs, not a shell
    if own and pattern("deployments.images").search(image):
        return found or [""]
    by, looks = pattern("deployments.by"), pattern("deployments.looks")
    return [each for each in found if by.search(each) and not looks.search(each)]


def _asked_for(step: Step) -> tuple[str | None, int]:
    """The image, and the line that says so."""
    if not step.gate:
        return None, step.line
    asked, given = step.gate.option("--storedog-image"), step.given.get("STOREDOG_IMAGE")
    image = asked or step.gate.variables.get("STOREDOG_IMAGE")
    return image, step.at if asked or not given else given.line


def _same(image: str, other: str) -> bool:
    """Whether both name one image; a tag or a digest alone is one of the other's repository."""
    return image == other or other.endswith((f":{image.removeprefix(':')}", f"@{image}"))


def _says(what: str, name: str) -> bool:
    """Whether a name says so; `deployToProd` is three words."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
    return pattern(f"deployments.{what}").search(words) is not None
