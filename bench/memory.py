"""The memory of a service that runs 2,000 checks, one batch of 50 after the other."""

from __future__ import annotations

from pathlib import Path

from bench.http_checks import check
from bench.service import MODULE, run
from bench.site import started

RUNS, BATCH, SHOWN = 2000, 50, 250


def resident(process_id: int) -> float:
    """The memory of a process that is in use, in MiB."""
    for line in Path(f"/proc/{process_id}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(process_id)


if __name__ == "__main__":
    with started("bench.site") as site, started(MODULE, "serve") as service:
        checks = [check(f"{site.url}/discounts")] * BATCH
        print("  runs  MiB in use")
        for runs in range(BATCH, RUNS + 1, BATCH):
            run(service.url, checks)
            if runs % SHOWN == 0:
                print(f"{runs:6} {resident(service.process_id):11.1f}")
