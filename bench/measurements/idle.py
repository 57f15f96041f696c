"""What the installed plugin costs a pytest run that has nothing to do with it.

One test that does nothing, with the plugin as it is installed, and with `-p no:storedog_gate`.
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench.process import measured, own_environment
from bench.rounds import Case, difference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.rounds import Figures

_ROUNDS, _QUICK = 60, 3  # a few ms are less than one run differs from the next
_PEER = "without it"


def cases(*, quick: bool) -> Iterator[Case]:
    """One case."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "test_nothing.py").write_text("def test_nothing(): pass\n", encoding="ascii")
        yield Case(
            "a test that does nothing",
            {
                "with the plugin": partial(_pytest, folder),
                _PEER: partial(_pytest, folder, "-p", "no:storedog_gate"),
            },
            [difference(figure, 0.01, _PEER) for figure in ("wall, s", "CPU, s")],
            rounds=_QUICK if quick else _ROUNDS,
        )


def _pytest(folder: Path, *options: str) -> Figures:
    command = (sys.executable, "-m", "pytest", *options)
    usage = measured(command, folder, own_environment(folder))
    return {"wall, s": usage["wall"], "CPU, s": usage["CPU"], "memory, MiB": usage["memory"]}
