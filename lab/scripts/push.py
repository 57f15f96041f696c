"""lab/push: gives a release of the discounts service to the pipeline."""

from __future__ import annotations

import argparse

from lab.scripts.images import BAD, GOOD
from lab.scripts.pipeline import repository, settings
from lab.scripts.state import LabError, one_sentence


def main() -> None:
    """Commits the release to the discounts repository and pushes it to Gogs."""
    parser = argparse.ArgumentParser(prog="lab/push", description=__doc__)
    parser.add_argument("release", choices=GOOD + BAD)
    arguments = parser.parse_args()
    with one_sentence():
        if not settings.FILE.exists():
            raise LabError("there is no pipeline to push to; start it with lab/up --pipeline")
        pipeline = settings.read()
        print(repository.push(pipeline, arguments.release))


if __name__ == "__main__":
    main()
