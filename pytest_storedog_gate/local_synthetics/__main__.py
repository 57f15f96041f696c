"""`python -m pytest_storedog_gate.local_synthetics serve`: as `storedog-synthetics serve`."""

from __future__ import annotations

import gc

if __name__ == "__main__":
    gc.disable()  # until it answers: what it is made of is no garbage
    from pytest_storedog_gate.local_synthetics.command_line import main

    raise SystemExit(main())
