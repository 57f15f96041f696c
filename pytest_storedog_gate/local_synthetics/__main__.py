"""`python -m pytest_storedog_gate.local_synthetics`: the same as `storedog-synthetics`."""

from __future__ import annotations

from pytest_storedog_gate.local_synthetics.commands.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
