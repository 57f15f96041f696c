"""The commands of `storedog-gate` about signed verdicts: `keygen`, `verify` and `show`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.outlets.help import examples

if TYPE_CHECKING:
    import argparse


def add_proof(commands: argparse._SubParsersAction[Any]) -> None:
    """Adds the commands to a parser's."""
    keygen = commands.add_parser(
        "keygen",
        help="make a key that signs verdicts, and the one that verifies them",
        **examples("storedog-gate keygen keys/staging", "storedog-gate keygen --kind ed25519 k"),
    )
    keygen.set_defaults(run=_keygen)
    keygen.add_argument(
        "prefix", type=Path, metavar="PREFIX", help="writes PREFIX.key and PREFIX.pub"
    )
    keygen.add_argument(
        "--kind", choices=("ecdsa", "ed25519"), default="ecdsa", help="of key (default: ecdsa)"
    )
    verify = commands.add_parser(
        "verify",
        help="tell whether an image has the verdict that a promotion wants",
        **examples("storedog-gate verify registry:5000/shop:1.2 --env staging"),
    )
    verify.set_defaults(run=_verify)
    _about_an_image(verify)
    verify.add_argument(
        "--env", required=True, metavar="NAME", help="the environment whose verdict is wanted"
    )
    show = commands.add_parser(
        "show",
        help="list the verdicts that are kept with an image",
        **examples("storedog-gate show registry:5000/shop:1.2 --json"),
    )
    show.set_defaults(run=_show)
    _about_an_image(show)


def _about_an_image(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("image", metavar="IMAGE", help="a reference with a tag or a digest")
    parser.add_argument(
        "--config", metavar="PATH", help="default: storedog.toml, or pyproject.toml, of this folder"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def _keygen(options: argparse.Namespace) -> int:
    from pytest_storedog_gate.verdicts.attestation.asking import keygen  # noqa: PLC0415

    return keygen(options.prefix, options.kind)


def _verify(options: argparse.Namespace) -> int:
    from pytest_storedog_gate.verdicts.attestation.asking import verify  # noqa: PLC0415

    return verify(options.image, options.env, options.config, as_json=options.json)


def _show(options: argparse.Namespace) -> int:
    from pytest_storedog_gate.verdicts.attestation.asking import show  # noqa: PLC0415

    return show(options.image, options.config, as_json=options.json)
