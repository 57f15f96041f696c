"""lab/up: sets everything up, and shows the main job."""

from __future__ import annotations

from . import images, journey
from .prepare import prepare
from .state import LAB, REPORTS, SETTINGS, database_password, one_sentence


def main() -> None:
    """Exit 0 only when every run ended as it had to."""
    with one_sentence():
        engine = prepare()
        database_password()
        journey.travel(engine)
        _summary()


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


if __name__ == "__main__":
    main()
