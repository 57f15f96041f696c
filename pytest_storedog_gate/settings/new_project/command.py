"""The command `init` of `storedog-gate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.outlets.help import examples
from pytest_storedog_gate.settings.new_project.systems import SYSTEMS

if TYPE_CHECKING:
    import argparse


def add_init(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command to a parser's."""
    init = commands.add_parser(
        "init",
        help="write a storedog.toml with staging and production, and a pipeline",
        **examples(
            "storedog-gate init --image localhost:5000/shop --port 8080 --ci drone",
            "storedog-gate init --ci github",
        ),
    )
    init.set_defaults(run=_init)
    init.add_argument("--image", metavar="REF", help="what is deployed on Docker, without a tag")
    init.add_argument(
        "--port", type=int, default=80, metavar="N", help="where it listens (default: 80)"
    )
    init.add_argument("--ci", choices=SYSTEMS, help="whose pipeline is written")


def _init(options: argparse.Namespace) -> int:
    from pytest_storedog_gate.settings.new_project.init import Wanted, init  # noqa: PLC0415

    return init(Wanted(options.image, options.port, options.ci))
