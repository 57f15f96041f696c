"""Docker's login to a registry: of its configuration, or of the helper that this names.

https://docs.docker.com/reference/cli/docker/login/#credential-helpers
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from docker.auth import INDEX_NAME, INDEX_URL, AuthConfig
from docker.errors import DockerException

from pytest_storedog_gate.deploy.reaching.docker_folder import docker_folder
from pytest_storedog_gate.errors import ConfigurationError, NoVerdict
from pytest_storedog_gate.outlets.plain_text import line
from pytest_storedog_gate.reading import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_IN_THE_ENVIRONMENT = "DOCKER_AUTH_CONFIG"
_HELPER = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)
_PATIENCE = 30  # s
_TOKEN = "<token>"  # noqa: S105  # what a helper calls the user of a token
_NOT_FOR_HELPERS = ("DD_", "DATADOG_", "STOREDOG_")


def login(registry: str, environ: Mapping[str, str]) -> dict[str, str]:
    """An auth configuration in the words of the engine's API; an empty one is for nobody.

    ConfigurationError where Docker's configuration is at fault, NoVerdict where a helper is.
    """
    for where, said in _configurations(environ):
        helper = said.get_credential_store(registry)
        found = _asked(helper, registry, where, environ) if helper else None
        # Without its helpers: the SDK would ask them again, and wait for ever.
        if found := found or AuthConfig({"auths": said.auths}).resolve_authconfig(registry):
            return dict(found)
    return {}


def require_sound(environ: Mapping[str, str]) -> None:
    """ConfigurationError where Docker's configuration cannot be read."""
    for _ in _configurations(environ):
        pass


def _configurations(environ: Mapping[str, str]) -> Iterator[tuple[str, AuthConfig]]:
    """Where logins are told, the first one counts: a CI system may hand one over in a variable."""
    if text := environ.get(_IN_THE_ENVIRONMENT, "").strip():
        yield _IN_THE_ENVIRONMENT, _read(text, _IN_THE_ENVIRONMENT)
    path = docker_folder(environ) / "config.json"
    try:
        yield str(path), _read(path.read_bytes(), str(path))
    except FileNotFoundError:
        return
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read ({error.strerror}): make it readable for who runs this, or "
            "name another folder with DOCKER_CONFIG"
        ) from None


def _read(text: str | bytes, where: str) -> AuthConfig:
    """ConfigurationError never shows the text, which holds passwords."""
    try:
        said = json_text.loads(text)
    except json.JSONDecodeError as error:
        why = f"line {error.lineno} is no JSON"
    except ValueError:
        why = "it is no JSON"
    else:
        if isinstance(said, dict):
            return _logins(said, where)
        why = "it is no JSON object"
    raise ConfigurationError(f"{where} cannot be used: {why}; correct it")


def _logins(said: dict[str, Any], where: str) -> AuthConfig:
    auths, helpers, store = (said.get(key) for key in ("auths", "credHelpers", "credsStore"))
    for key, value in {"auths": auths, "credHelpers": helpers}.items():
        if not isinstance(value, dict | None):
            raise ConfigurationError(f"{where}: {key} must be an object; correct it")
    for name in filter(None, (store, *(helpers or {}).values())):
        if not isinstance(name, str) or not _HELPER.fullmatch(name):
            raise ConfigurationError(
                f"{where} names a credential helper that can be no program: correct credHelpers "
                "and credsStore"
            )
    read: dict[str, Any] = {}
    for registry, entry in (auths or {}).items():
        try:
            read |= AuthConfig.parse_auth({registry: entry}, raise_on_error=True)
        except (DockerException, ValueError, TypeError, AttributeError):
            raise ConfigurationError(
                f"{where}: auths.{line(registry)} holds no login: its `auth` is USER:PASSWORD in "
                f"base64, which `docker login {line(registry)}` writes"
            ) from None
    return AuthConfig({"auths": read, "credHelpers": helpers or {}, "credsStore": store})


def _asked(
    helper: str, registry: str, where: str, environ: Mapping[str, str]
) -> dict[str, str] | None:
    """What a helper has for a registry; None where it has nothing."""
    program = f"docker-credential-{helper}"
    path = shutil.which(program, path=environ.get("PATH"))
    if path is None:
        raise ConfigurationError(
            f"{where} names the credential helper {program} for {registry}, which is not in PATH: "
            f"install it, or take it out there and use `docker login {registry}`"
        )
    server = INDEX_URL if registry == INDEX_NAME else registry
    env = {k: v for k, v in environ.items() if not k.startswith(_NOT_FOR_HELPERS)}
    try:
        done = subprocess.run(
            [path, "get"],
            input=server,
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="replace",
            timeout=_PATIENCE,
            env=env,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        why = getattr(error, "strerror", None) or f"it did not answer within {_PATIENCE} s"
        raise _without(program, registry, why) from None
    if done.returncode:
        # Helpers say what went wrong on standard output, which is else for the secret.
        told = done.stdout if "Secret" not in done.stdout else ""
        if "credentials not found" in told:
            return None
        what = line(f"{told} {done.stderr}") or "without a word"
        raise _without(program, registry, f"it ended with exit status {done.returncode}: {what}")
    try:
        said = json_text.loads(done.stdout)
        user, secret = said["Username"], said["Secret"]
    except (ValueError, KeyError, TypeError):
        raise _without(program, registry, "it answered with something else") from None
    if user == _TOKEN:
        return {"ServerAddress": server, "IdentityToken": secret}
    return {"ServerAddress": server, "Username": user, "Password": secret}


def _without(program: str, registry: str, why: str) -> NoVerdict:
    return NoVerdict(
        f"the credential helper {program} gave no login to {registry} ({why}): see `echo "
        f"{registry} | {program} get`, or log in anew"
    )
