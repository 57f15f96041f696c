"""`storedog-synthetics init`: from nothing to a check that passes, and a gate that asks for it."""

from __future__ import annotations

import json
import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_storedog_gate.deploy.environment import is_name
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.outlets.new_files import refuse_taken, write_new
from pytest_storedog_gate.outlets.plain_text import command_line, long_line
from pytest_storedog_gate.secrets.places import mask_url

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json

_CONFIGURATION = Path("storedog.toml")
_SCHEMAS = Path(".storedog/schemas")
_SHIPPED = {
    "storedog.schema.json": "pytest_storedog_gate.settings",
    "definitions.schema.json": "pytest_storedog_gate.local_synthetics.definitions",
}


def init(url: str | None, *, browser: bool, environment: str) -> int:
    """Write a check of the URL and a storedog.toml into the current folder; returns the status.

    A person at a terminal is asked for the URL where there is none. Raises ConfigurationError,
    also where a file is there already, and NoVerdict where nothing answers.
    """
    if not is_name(environment):
        raise ConfigurationError(f"{environment!r} is no environment name: use a-z, 0-9, - and _")
    check_file = Path("checks", f"{'browser' if browser else 'http'}.synthetics.json")
    refuse_taken((check_file, _CONFIGURATION))
    start = address(url or _asked())
    # The kinds of check are heavy, and whoever is refused above needs none.
    from pytest_storedog_gate.synthetics_cli.authoring import first_check  # noqa: PLC0415

    make = first_check.browser_check if browser else first_check.http_check
    check, found = make(start)
    write_new(
        {
            check_file: test_file(check, check_file),
            _CONFIGURATION: _configuration(environment, check["public_id"]),
            **missing_schemas(),
        }
    )
    run = command_line(("storedog-synthetics", "run", str(check_file)))
    sys.stdout.write(
        f"{long_line(found)}\n"
        f"wrote {check_file}: a check of that, {check['public_id']}\n"
        f"wrote {_CONFIGURATION}: the environment {environment}, whose gate this check is\n"
        "next:\n"
        f"  {run}\n"
        f"  pytest --storedog-env={environment}\n"
    )
    return 0


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
definitions = ["checks/*.synthetics.json"]

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
