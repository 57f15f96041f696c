"""How the service starts: what is wanted soon starts beside the imports of what answers."""

from __future__ import annotations

import asyncio
import gc
import os
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.local_synthetics.chromium.browsers import Browsers
from pytest_storedog_gate.local_synthetics.definitions.definition import DefinitionError
from pytest_storedog_gate.local_synthetics.definitions.files import load
from pytest_storedog_gate.local_synthetics.running.event_loop import run_to_end
from pytest_storedog_gate.local_synthetics.variables.global_variables import (
    GlobalsError,
    load_globals,
)

if TYPE_CHECKING:
    import argparse

    from pytest_storedog_gate.local_synthetics.api.app import Pages
    from pytest_storedog_gate.local_synthetics.definitions.files import Catalog
    from pytest_storedog_gate.local_synthetics.variables.global_variables import Globals

_ANSWER = "pytest_storedog_gate.local_synthetics.api.server:answer"


def serve(options: argparse.Namespace, pages: Pages | None = None) -> None:
    """Answer requests until a signal or, if asked, the end of standard input.

    Its `options` are those of `command_line.add_serve`; `pages` are what people see of it.

    Requests must carry the key that is the first line of standard input, if it is asked for, else
    those of the environment, if it has any.

    Prints `listening on http://HOST:PORT` once connections are accepted and, with an address for
    `smtp`, that of the receiver of mail. Raises ConfigurationError.
    """
    try:
        catalog = load(options.definitions)
        known_globals = load_globals(options.globals, os.environ)
    except (DefinitionError, GlobalsError) as error:
        raise ConfigurationError(str(error)) from None
    run_to_end(_serve(options, catalog, known_globals, pages))
    # Else Python looks through all that there is for garbage, several times, before it ends.
    gc.freeze()


async def _serve(
    options: argparse.Namespace, catalog: Catalog, known_globals: Globals, pages: Pages | None
) -> None:
    browsers, soon = Browsers(), set(options.soon) & catalog.tests.keys()
    if any(catalog.tests[public_id].type == "browser" for public_id in soon):
        browsers.start()
    # In a thread, as the browser's driver takes as long to start.
    answer = await asyncio.to_thread(resolve_name, _ANSWER)
    gc.freeze()
    gc.enable()
    await answer(options, catalog, known_globals, browsers, pages)
