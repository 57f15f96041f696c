"""`python -m pytest_storedog_gate.synthetics_cli`: the same as `storedog-synthetics`."""

from __future__ import annotations

from pytest_storedog_gate.synthetics_cli.command_line import main

if __name__ == "__main__":
    raise SystemExit(main())
