"""An environment's `engine` and `tls`, as its section of the configuration says them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.deploy.reaching.engine_address import EngineAddress, TlsFiles
from pytest_storedog_gate.reading.kinds import STRING, TABLE, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_storedog_gate.reading.table import Table

_TLS_OR_NOT = Kind(
    "a table, or false",
    lambda value: value is False or isinstance(value, dict),
    schema={"anyOf": [TABLE.schema, {"const": False}]},
)
KEYS = {"engine": STRING.meaning(EngineAddress.parse), "tls": _TLS_OR_NOT}
TLS = {"ca": STRING, "cert": STRING, "key": STRING}


def engine(table: Table, said: Mapping[str, Any], folder: Path) -> EngineAddress:
    """The engine with what TLS to it needs; its files are relative to `folder`.

    ConfigurationError names file, line and key.
    """
    address: EngineAddress = said.get("engine") or EngineAddress()
    tls = said.get("tls")
    if tls is None:
        return address
    by = address.parts
    if tls is False:
        if by["host"] is None and by["context"] is None:
            raise table.error(("tls",), "false is for an engine at tcp://HOST:PORT; take it out")
        return replace(address, plain=True)
    if by["host"] is None:
        raise table.error(("tls",), "it is for an engine at tcp://HOST:PORT; take it out")
    files = {key: folder / path for key, path in table.table("tls").read(TLS).items()}
    if ("cert" in files) != ("key" in files):
        raise table.error(("tls",), "`cert` and `key` belong together: name both, or none")
    return replace(address, tls=TlsFiles(**files))
