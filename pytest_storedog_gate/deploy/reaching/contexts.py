"""Docker's contexts, as its client keeps them: an engine's address under a name.

The SDK's own reader looks for them in the working folder where there is no `config.json`.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.reaching.docker_folder import docker_folder
from pytest_storedog_gate.deploy.reaching.engine_address import EngineAddress, TlsFiles
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.reading import json_text

if TYPE_CHECKING:
    from collections.abc import Mapping


def load(name: str, environ: Mapping[str, str]) -> EngineAddress:
    """Where a context leads. ConfigurationError where there is none, or none that can be used."""
    folder = docker_folder(environ) / "contexts"
    key = hashlib.sha256(name.encode()).hexdigest()
    path = folder / "meta" / key / "meta.json"
    try:
        said = json_text.loads(path.read_text("utf-8"))["Endpoints"]["docker"]
        address = EngineAddress.parse(said["Host"])
        unverified = bool(said.get("SkipTLSVerify"))
    except FileNotFoundError:
        raise ConfigurationError(
            f"the Docker context {name} is not in {folder}: make it with `docker context create "
            f"{name}` as the user who runs this, or give the environment another `engine`"
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it names no engine that is known"
        raise ConfigurationError(
            f"the Docker context {name} cannot be used ({path}: {why}): see `docker context "
            f"inspect {name}`"
        ) from None
    if address.parts["context"] is not None:
        raise ConfigurationError(f"the Docker context {name} names a context: name an engine in it")
    if address.parts["host"] is None:
        return address
    tls = TlsFiles.in_folder(folder / "tls" / key / "docker")
    if unverified and tls != TlsFiles():
        raise ConfigurationError(
            f"the Docker context {name} does not verify the engine's certificate, so that anybody "
            "could answer in its place: update it without skip-tls-verify"
        )
    return replace(address, tls=None if tls == TlsFiles() else tls)
