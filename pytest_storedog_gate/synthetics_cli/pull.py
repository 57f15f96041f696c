"""`storedog-synthetics pull`: definitions from an account, as files that this service loads."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.calling.bounded_exchange import Answer
from pytest_storedog_gate.datadog.calling.caller import Call
from pytest_storedog_gate.errors import ConfigurationError, NoVerdict
from pytest_storedog_gate.local_synthetics.definitions.definition import DefinitionError, parse
from pytest_storedog_gate.local_synthetics.secrets.for_a_file import secretless
from pytest_storedog_gate.outlets.whole_file import opened_folder, refuse_links
from pytest_storedog_gate.synthetics_cli.account import connected, distinct_ids
from pytest_storedog_gate.synthetics_cli.missing_values import missing_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_storedog_gate.datadog.client import SyntheticsClient
    from pytest_storedog_gate.datadog.models import Json
    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition

_WITH_STEPS = ("browser", "mobile")  # types whose steps only a path of their own tells


def pull(public_ids: Sequence[str], *, url: str | None, directory: str, force: bool) -> int:
    """Write `ID.synthetics.json` into the directory for each test; returns the exit status.

    Nothing is written unless all tests were read. Raises ConfigurationError, also for a file that
    is there already unless `force` is set, and NoVerdict where the service cannot be asked.
    """
    wanted = distinct_ids(public_ids)
    paths = {one: Path(directory, f"{one}.synthetics.json") for one in wanted}
    if there := [str(path) for path in paths.values() if os.path.lexists(path) and not force]:
        raise ConfigurationError(f"{', '.join(there)}: there already; --force overwrites")
    with connected(url) as client:
        found = {one: _definition(client, one) for one in wanted}
    for public_id, definition in found.items():
        _write(paths[public_id], definition, force=force)
        missing = missing_values(definition, {}, ())
        wants = f"; it wants a value for {', '.join(missing)}" if missing else ""
        sys.stdout.write(f"{paths[public_id]}{wants}\n")
    return 0


def _definition(client: SyntheticsClient, public_id: str) -> Definition:
    data = _object(client, public_id)
    if data and data.get("type") in _WITH_STEPS:
        data = _object(client, f"{data['type']}/{public_id}")
    if data is None:
        raise ConfigurationError(f"{client.endpoint.name} has no test {public_id}; name one it has")
    try:
        definition = parse(secretless(dict(data)))
    except (DefinitionError, AttributeError, TypeError):
        definition = None
    if definition is None or definition.public_id != public_id:
        raise NoVerdict(f"{client.endpoint.name} answered with something else than {public_id}")
    return definition


def _object(client: SyntheticsClient, path: str) -> Json | None:
    what = f"the test {path}"
    call = Call(f"v1/synthetics/tests/{path}", what, Answer.json, instead={404: lambda: None})
    return client.ask(call)


def _write(path: Path, definition: Definition, *, force: bool) -> None:
    content = {"tests": [{"localTestDefinition": definition.data}]}
    text = json.dumps(content, indent=2, ensure_ascii=False)
    try:
        refuse_links(path)
        with opened_folder(path.parent, make=False) as folder:

            def opener(name: str, flags: int) -> int:
                return os.open(name, flags | os.O_NOFOLLOW, 0o666, dir_fd=folder)

            # Another process may have made the file meanwhile.
            with open(path.name, "w" if force else "x", encoding="utf-8", opener=opener) as file:
                file.write(f"{text}\n")
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from None
