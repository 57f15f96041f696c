"""lab/up: sets everything up, and shows the main job."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from lab.scripts import images, journey
from lab.scripts.machine import chromium
from lab.scripts.pipeline import setup
from lab.scripts.pipeline.gogs import REPOSITORY
from lab.scripts.pipeline.settings import FILE
from lab.scripts.prepare import prepare
from lab.scripts.state import LAB, REPORTS, SETTINGS, one_sentence, write_settings

if TYPE_CHECKING:
    from lab.scripts.pipeline.settings import Settings


def main() -> None:
    """Exit 0 only when every run ended as it had to."""
    parser = argparse.ArgumentParser(prog="lab/up", description=__doc__)
    parser.add_argument("--pipeline", action="store_true", help="start Gogs and Drone as well")
    arguments = parser.parse_args()
    with one_sentence():
        engine = prepare()
        chromium.ensure()
        write_settings()
        journey.travel(engine)
        pipeline = setup.ensure(engine) if arguments.pipeline else None
        _summary()
        if pipeline:
            _pipeline_summary(pipeline)


def _summary() -> None:
    print("\nThe lab is up, and everything was as it should be.\n")
    for environment, release in journey.JOURNEY[-1].live.items():
        url = journey.SHOPS[environment]
        print(f"  {environment:<11} {url}   discounts: {release}")
        print(f"  {'':<11} {images.release_digest(release)}")
    print("\n  release         environment   gate")
    for stop in journey.JOURNEY:
        verdict = "open" if stop.status == 0 else "closed; the version before was put back"
        print(f"  {stop.release:<15} {stop.environment:<13} {verdict}")
    print(f"\n  JUnit files and reports: {REPORTS}/")
    print("  stop and remove it all:  lab/down")
    print("  try another release:")
    print(f"    cd {LAB} && . ./{SETTINGS.relative_to(LAB)}")
    print(f"    pytest --storedog-env=staging --storedog-image={journey.reference('flaky')}")


def _pipeline_summary(pipeline: Settings) -> None:
    repository = f"{pipeline.user}/{REPOSITORY}"
    print(f"\n  Gogs   {pipeline.gogs}/{repository}")
    print(f"         login {pipeline.user}, password {pipeline.password}")
    print(f"  Drone  {pipeline.drone}/{repository}")
    print(f"         open to read; for its API: DRONE_TOKEN in {FILE.relative_to(LAB)}")
    print("  push a release: lab/push better")


if __name__ == "__main__":
    main()
