"""lab/up: sets everything up, and shows the main job."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from lab.scripts import images
from lab.scripts.journey import engine, kubernetes, swarm
from lab.scripts.journey.stops import reference
from lab.scripts.machine import chromium
from lab.scripts.pipeline import setup
from lab.scripts.pipeline.gogs import REPOSITORY
from lab.scripts.pipeline.settings import FILE
from lab.scripts.prepare import prepare
from lab.scripts.state import LAB, REPORTS, SETTINGS, one_sentence, write_settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lab.scripts.journey.stops import Stop
    from lab.scripts.pipeline.settings import Settings


def main() -> None:
    """Exit 0 only when every run ended as it had to."""
    parser = argparse.ArgumentParser(prog="lab/up", description=__doc__)
    parser.add_argument("--pipeline", action="store_true", help="start Gogs and Drone as well")
    parser.add_argument(
        "--kubernetes", action="store_true", help="show it on a Kubernetes cluster instead"
    )
    parser.add_argument("--swarm", action="store_true", help="show it on a Docker Swarm instead")
    arguments = parser.parse_args()
    with one_sentence():
        client = prepare()
        chromium.ensure()
        write_settings(*(kubernetes.settings() if arguments.kubernetes else ()))
        if arguments.kubernetes:
            kubernetes.travel()
            _summary(kubernetes.JOURNEY, kubernetes.SHOPS, *kubernetes.OPTIONS)
        elif arguments.swarm:
            swarm.travel()
            _summary(engine.JOURNEY, swarm.SHOPS, *swarm.OPTIONS)
        else:
            engine.travel(client)
            _summary(engine.JOURNEY, engine.SHOPS)
        if arguments.pipeline:
            _pipeline_summary(setup.ensure(client))


def _summary(journey: Sequence[Stop], shops: Mapping[str, str], *options: str) -> None:
    print("\nThe lab is up, and everything was as it should be.\n")
    for environment, release in journey[-1].live.items():
        print(f"  {environment:<11} {shops[environment]}   discounts: {release}")
        print(f"  {'':<11} {images.release_digest(release)}")
    print("\n  release         environment   gate")
    for stop in journey:
        verdict = "open" if stop.status == 0 else "closed; the version before was put back"
        print(f"  {stop.release:<15} {stop.environment:<13} {verdict}")
    print(f"\n  JUnit files and reports: {REPORTS}/")
    print("  stop and remove it all:  lab/down")
    print("  try another release:")
    print(f"    cd {LAB} && . ./{SETTINGS.relative_to(LAB)}")
    words = ["pytest", *options, "--storedog-env=staging"]
    print(f"    {' '.join(words)} --storedog-image={reference('flaky')}")


def _pipeline_summary(pipeline: Settings) -> None:
    repository = f"{pipeline.user}/{REPOSITORY}"
    print(f"\n  Gogs   {pipeline.gogs}/{repository}")
    print(f"         login {pipeline.user}, password {pipeline.password}")
    print(f"  Drone  {pipeline.drone}/{repository}")
    print(f"         open to read; for its API: DRONE_TOKEN in {FILE.relative_to(LAB)}")
    print("  push a release: lab/push better")


if __name__ == "__main__":
    main()
