"""From a push to the verdict, in the lab's real pipeline with Gogs, Drone and a Docker engine.

Two good releases are pushed in turn with the gate, and with a pipeline that has docker commands in
its place (`bench/scripts/without_gate.yml`). The verdict is there at the end of the step `staging`,
by Drone's clock, which counts whole seconds. The gate's own share is the time of its run, by its
report, but for the pull, the boot of what it deploys, and the slowest check; of what is allowed, it
is the smaller one of its parts of 2 s and of 5% of the whole.

It needs `lab/up --pipeline` in this checkout, and leaves a good release there.
"""

from __future__ import annotations

import json
import time
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import scripts
from bench.process import FailedError
from bench.rounds import Case, value
from lab.scripts.images import GOOD
from lab.scripts.pipeline import repository, settings
from lab.scripts.pipeline.drone import Drone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.rounds import Figures
    from lab.scripts.pipeline.settings import Settings

_WITHOUT_GATE = Path(scripts.__file__).with_name("without_gate.yml")
_NOT_THE_GATES = ("pull", "services", "candidate")  # parts of a run
_ALLOWED_SECONDS, _ALLOWED_SHARE = 2.0, 0.05
_OF_ALLOWED = "the gate's own, of what is allowed"


def cases(*, quick: bool) -> Iterator[Case]:  # noqa: ARG001
    """One case."""
    if not settings.FILE.exists():
        raise FailedError("there is no pipeline to push to; start it with lab/up --pipeline")
    pipeline = settings.read()
    yield Case(
        "a push of a good release",
        {
            "with the gate": partial(_with_gate, pipeline, cycle(GOOD)),
            "without it": partial(_without_gate, pipeline, cycle(GOOD)),
        },
        [value(_OF_ALLOWED, 1.0)],
    )


def _with_gate(pipeline: Settings, releases: Iterator[str]) -> Figures:
    build, figures = _pushed(pipeline, next(releases), repository.PIPELINE_FILE)
    path = repository.report("staging", build)
    seconds: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))["seconds"]
    slowest = seconds.pop("slowest check")
    own = sum(seconds.values()) - sum(seconds.get(part, 0.0) for part in _NOT_THE_GATES) - slowest
    share = own / figures["push to verdict, s"]
    return {
        **figures,
        **{f"the run's {part}, s": spent for part, spent in seconds.items()},
        "the slowest check, s": slowest,
        "the gate's own, s": own,
        "the gate's own share": share,
        _OF_ALLOWED: min(own / _ALLOWED_SECONDS, share / _ALLOWED_SHARE),
    }


def _without_gate(pipeline: Settings, releases: Iterator[str]) -> Figures:
    _, figures = _pushed(pipeline, next(releases), _WITHOUT_GATE)
    return figures


def _pushed(pipeline: Settings, release: str, file: Path) -> tuple[int, Figures]:
    """The number of the build, and what it took."""
    drone = Drone(pipeline)
    pushed = time.time()
    number = drone.finished(repository.push(pipeline, release, file))
    (stage,) = drone.build(number)["stages"]
    steps: dict[str, Any] = {step["name"]: step for step in stage["steps"]}
    if steps["staging"]["status"] != "success":
        raise FailedError(f"build {number}: staging ended with {steps['staging']['status']}")
    took = {name: steps[name]["stopped"] - steps[name]["started"] for name in ("build", "staging")}
    return number, {
        "push to verdict, s": steps["staging"]["stopped"] - pushed,
        **{f"step {name}, s": seconds for name, seconds in took.items()},
    }
