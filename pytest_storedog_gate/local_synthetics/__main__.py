"""`python -m pytest_storedog_gate.local_synthetics serve`: as `storedog-synthetics serve`."""

from __future__ import annotations

from pytest_storedog_gate.local_synthetics.command_line import main

if __name__ == "__main__":
    raise SystemExit(main())
