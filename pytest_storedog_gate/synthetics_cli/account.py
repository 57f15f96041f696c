"""The service that `trigger` and `pull` speak to: Datadog's site, or one address."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.calling.endpoint import (
    SITE_VARIABLES,
    URL_VARIABLE,
    US1,
    Endpoint,
    known_site,
)
from pytest_storedog_gate.datadog.calling.keys import KEY_VARIABLES, Keys
from pytest_storedog_gate.datadog.client import SyntheticsClient
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.local_synthetics.definitions.definition import is_public_id
from pytest_storedog_gate.outlets.plain_text import line
from pytest_storedog_gate.settings import secret_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def distinct_ids(texts: Iterable[str]) -> list[str]:
    """The public IDs, each once. Raises ConfigurationError for what is none."""
    wanted = list(dict.fromkeys(texts))
    if wrong := [one for one in wanted if not is_public_id(one)]:
        raise ConfigurationError(f"{wrong[0]!r} is no public ID; one looks like abc-def-ghi")
    return wanted


def connected(
    url: str | None, environ: Mapping[str, str] = os.environ
) -> closing[SyntheticsClient]:
    """A client for `url` or, without one, DD_API_HOST_OVERRIDE, else the site DD_SITE, to close.

    The keys come from the environment; a site wants both. Long pauses are told on standard
    error. Raises ConfigurationError.
    """
    address = url or environ.get(URL_VARIABLE)
    api, app = (secret_values.key(environ, KEY_VARIABLES[part]) for part in ("api", "app"))
    if not address and not (api and app):
        raise ConfigurationError(
            "DD_API_KEY and DD_APP_KEY must be set for a Datadog account; for another service give "
            "its address with --url"
        )
    site = next(filter(None, map(environ.get, SITE_VARIABLES)), US1)
    endpoint = Endpoint.of_url(address) if address else Endpoint.of_site(known_site(site, environ))
    client = SyntheticsClient(endpoint, Keys(api, app) if api and app else None)
    client.say = _tell
    return closing(client)


def _tell(why: str) -> None:
    sys.stderr.write(f"{line(why)}\n")
    sys.stderr.flush()
