"""lab/bench: measures the gate beside its peers, and writes what it finds.

The results are lab/.state/bench/results.json (quick.json with --quick); what they say is printed.
"""

from __future__ import annotations

import argparse
import pkgutil
import sys
import textwrap
from importlib import import_module
from pathlib import Path

from bench import measurements, page, results, rounds
from bench.process import FailedError
from lab.scripts.state import LabError

_ROOT = Path(__file__).resolve().parents[1]
_RESULTS = _ROOT / "lab" / ".state" / "bench"


def main() -> int:
    """Exit status 0 where everything could be measured, whatever the figures are."""
    known = sorted(module.name for module in pkgutil.iter_modules(measurements.__path__))
    parser = argparse.ArgumentParser(
        prog="lab/bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="few and small cases, one round")
    parser.add_argument(
        "--only", action="append", choices=known, metavar="NAME", help=", ".join(known)
    )
    parser.add_argument("--case", metavar="TEXT", default="", help="cases whose name holds it")
    parser.add_argument("--repeat", type=int, metavar="N", help="rounds of each case (5)")
    parser.add_argument("--results", type=Path, metavar="PATH", help="write the JSON there")
    parser.add_argument("--docs", action="store_true", help="write docs/ from the last results")
    given = parser.parse_args()
    path = given.results or _RESULTS / ("quick.json" if given.quick else "results.json")
    if given.docs:
        page.write(results.read(path), _ROOT / "docs" / "explanation")
        return 0
    repeat = given.repeat or (1 if given.quick else 5)
    failed = False
    for name in given.only or known:
        module = import_module(f"bench.measurements.{name}")
        about = textwrap.dedent(module.__doc__ or "").strip()
        print(f"{name}: {about.splitlines()[0]}", flush=True)
        wanted = (case for case in module.cases(quick=given.quick) if given.case in case.name)
        done = []
        try:
            for case in rounds.run(wanted, repeat, _say):
                done.append(case)
                print(page.table(case.as_json()), flush=True)
        except (FailedError, LabError) as error:
            print(f"  {name} cannot be measured: {error}", flush=True)
            failed = True
        failed = failed or any(case.failed for case in done)
        results.keep(path, name, about, done)
    print(f"results: {path}")
    return int(failed)


def _say(what: str) -> None:
    print(f"- {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
