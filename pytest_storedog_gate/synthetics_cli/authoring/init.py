"""`storedog-synthetics init`: from nothing to a check that passes, and a gate that asks for it."""

from __future__ import annotations

import json
import sys
from glob import glob
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_storedog_gate.deploy.environment import is_name
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.outlets.new_files import refuse_taken, write_new
from pytest_storedog_gate.outlets.plain_text import command_line, long_line
from pytest_storedog_gate.secrets.places import mask_url
from pytest_storedog_gate.settings.file import in_folder, read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_storedog_gate.local_synthetics.definitions.definition import Json
    from pytest_storedog_gate.settings.file import Configuration

_CONFIGURATION = Path("storedog.toml")
_DEFINITIONS = "checks/*.synthetics.json"
_SCHEMAS = Path(".storedog/schemas")
_SHIPPED = {
    "storedog.schema.json": "pytest_storedog_gate.settings",
    "definitions.schema.json": "pytest_storedog_gate.local_synthetics.definitions",
}


def init(url: str | None, *, browser: bool, environment: str | None) -> int:
    """Write a check of the URL and a storedog.toml into the current folder; returns the status.

    A configuration that is there stays as it is, and what the gate lacks in it is told. A person
    at a terminal is asked for the URL where there is none. Raises ConfigurationError, also where
    the check's file is there already, and NoVerdict where nothing answers.
    """
    if environment is not None and not is_name(environment):
        raise ConfigurationError(f"{environment!r} is no environment name: use a-z, 0-9, - and _")
    check_file = Path("checks", f"{'browser' if browser else 'http'}.synthetics.json")
    refuse_taken([check_file])
    there = in_folder(Path.cwd())
    configuration = read(there) if there else None
    start = address(url or _asked())
    # The kinds of check are heavy, and whoever is refused above needs none.
    from pytest_storedog_gate.synthetics_cli.authoring import first_check  # noqa: PLC0415

    make = first_check.browser_check if browser else first_check.http_check
    check, found = make(start)
    written = {check_file: test_file(check, check_file), **missing_schemas()}
    known = configuration.environments if configuration else ()
    gate = environment or next(iter(known), "staging")
    if not configuration:
        written[_CONFIGURATION] = _configuration(gate, check["public_id"])
    write_new(written)
    run = command_line(("storedog-synthetics", "run", str(check_file)))
    sys.stdout.write(
        f"{long_line(found)}\nwrote {check_file}: a check of that, {check['public_id']}\n"
    )
    if configuration:
        name = configuration.path.name
        sys.stdout.write(f"{name} is there and stays as it is; for the gate add to it:\n")
        for line in _lacking(configuration, gate, check_file, check["public_id"]):
            sys.stdout.write(f"  {line}\n")
    else:
        sys.stdout.write(
            f"wrote {_CONFIGURATION}: the environment {gate}, whose gate this check is\n"
        )
    sys.stdout.write(f"next:\n  {run}\n  pytest --storedog-env={gate}\n")
    return 0


def _lacking(
    configuration: Configuration, environment: str, check_file: Path, public_id: str
) -> Iterator[str]:
    """What the configuration lacks for a gate that asks for the check, section by section."""
    if environment in configuration.environments:
        yield f'[environments.{environment}]: "{public_id}" in checks'
    else:
        yield f'[environments.{environment}]: checks = ["{public_id}"]'
    said = configuration.synthetics
    patterns: tuple[str, ...] = said.get("definitions", ())
    # The file has been written.
    found = (one for pattern in patterns for one in glob(pattern, recursive=True))  # noqa: PTH207 absolute ones
    if said.get("backend") != "local":
        yield '[synthetics]: backend = "local", or send the file to Datadog'
    if check_file not in map(Path, found):
        yield f'[synthetics]: "{_DEFINITIONS}" in definitions'


def _asked() -> str:
    if not sys.stdin.isatty():
        raise ConfigurationError("a URL is needed: storedog-synthetics init URL")
    try:
        return input("Which URL is to be checked? ").strip()
    except EOFError:
        raise ConfigurationError("a URL is needed: storedog-synthetics init URL") from None


def address(text: str) -> str:
    """The text as the URL of a page. Raises ConfigurationError where it is none or has a secret."""
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        known = False
    if mask_url(text) != text:
        raise ConfigurationError(
            "the URL has a password or a key, which would stand in a file: write it without"
        )
    if not known:
        raise ConfigurationError(f"{text!r} is no URL of a page; write it like http://HOST:PORT/")
    return parts.geturl() if parts.path else parts._replace(path="/").geturl()


def test_file(check: Json, path: Path) -> str:
    """A test file at `path` with this one check."""
    outwards = "../" * len(path.parent.parts)
    content = {
        "$schema": f"{outwards}{_SCHEMAS}/definitions.schema.json",
        "tests": [{"localTestDefinition": check}],
    }
    return f"{json.dumps(content, indent=2, ensure_ascii=False)}\n"


def _configuration(environment: str, public_id: str) -> str:
    return f"""\
#:schema ./{_SCHEMAS}/storedog.schema.json

[synthetics]
backend = "local"                             # checks run on this machine
definitions = ["{_DEFINITIONS}"]

# Nothing is deployed here: the gate decides on what answers.
[environments.{environment}]
checks = ["{public_id}"]
"""


def missing_schemas() -> dict[Path, str]:
    """Those that editors ask for by what is written, as far as they are not there yet."""
    return {
        _SCHEMAS / name: files(room).joinpath(name).read_text("utf-8")
        for name, room in _SHIPPED.items()
        if not (_SCHEMAS / name).exists()
    }
