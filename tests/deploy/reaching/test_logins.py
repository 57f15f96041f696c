"""Docker's login to a registry, and what is said where its configuration gives none."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.deploy.reaching.logins import login, require_sound
from pytest_storedog_gate.errors import ConfigurationError, GateError, NoVerdict

if TYPE_CHECKING:
    from collections.abc import Callable

    Environ = dict[str, str]

REGISTRY = "r.example:5000"
SECRET = "hunter2-secret"


def auth(user: str, password: str = SECRET) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.fixture
def told(tmp_path: Path) -> Callable[..., Environ]:
    """Writes Docker's configuration and helpers; the variables of a process that finds them."""

    def tell(said: Any, **helpers: str) -> Environ:
        text = said if isinstance(said, str) else json.dumps(said)
        (tmp_path / "config.json").write_text(text)
        for name, script in helpers.items():
            path = tmp_path / f"docker-credential-{name}"
            path.write_text(f"#!/bin/sh\n{script}\n")
            path.chmod(0o755)
        return {"DOCKER_CONFIG": str(tmp_path), "PATH": f"{tmp_path}:/usr/bin:/bin"}

    return tell


HELPER = f"""read server
case "$server" in
  {REGISTRY}|https://index.docker.io/v1/) echo '{{"Username": "helped", "Secret": "{SECRET}"}}';;
  token.example) echo '{{"Username": "<token>", "Secret": "{SECRET}"}}';;
  *) echo "credentials not found in native keychain"; exit 1;;
esac"""


@pytest.mark.parametrize(
    ("said", "registry", "user"),
    [
        ({}, REGISTRY, None),
        ({"auths": {REGISTRY: auth("filed")}}, REGISTRY, "filed"),
        ({"auths": {f"https://{REGISTRY}/v2/": auth("filed")}}, REGISTRY, "filed"),
        ({"auths": {"https://index.docker.io/v1/": auth("filed")}}, "docker.io", "filed"),
        ({"auths": {"other.example": auth("filed")}}, REGISTRY, None),
        ({"auths": {REGISTRY: {}}, "credsStore": "one"}, REGISTRY, "helped"),
        ({"auths": {REGISTRY: auth("filed")}, "credsStore": "one"}, REGISTRY, "helped"),
        ({"credHelpers": {REGISTRY: "one"}}, REGISTRY, "helped"),
        ({"credHelpers": {"other.example": "none"}}, REGISTRY, None),
        ({"credsStore": "one"}, "docker.io", "helped"),
        ({"auths": {"x.example": auth("filed")}, "credsStore": "one"}, "x.example", "filed"),
        ({"auths": None, "credHelpers": None, "proxies": {}, "HttpHeaders": {}}, REGISTRY, None),
    ],
)
def test_whose_login_it_is(
    told: Callable[..., Environ], said: Any, registry: str, user: str | None
) -> None:
    found = {key.lower(): value for key, value in login(registry, told(said, one=HELPER)).items()}
    assert found.get("username") == user
    assert found.get("password") == (SECRET if user else None)


def test_a_token_is_no_password(told: Callable[..., Environ]) -> None:
    environ = told({"credsStore": "one"}, one=HELPER)
    assert login("token.example", environ)["IdentityToken"] == SECRET


def test_a_variable_is_looked_at_first(told: Callable[..., Environ]) -> None:
    environ = told({"auths": {REGISTRY: auth("filed"), "x.example": auth("filed")}})
    environ["DOCKER_AUTH_CONFIG"] = json.dumps({"auths": {REGISTRY: auth("handed over")}})
    assert login(REGISTRY, environ)["username"] == "handed over"
    assert login("x.example", environ)["username"] == "filed"
    environ["DOCKER_AUTH_CONFIG"] = SECRET
    with pytest.raises(ConfigurationError, match="DOCKER_AUTH_CONFIG cannot be used") as caught:
        login("x.example", environ)
    assert SECRET not in str(caught.value)


def test_without_a_file_there_is_no_login(tmp_path: Path) -> None:
    assert login(REGISTRY, {"DOCKER_CONFIG": str(tmp_path / "none")}) == {}


@pytest.mark.parametrize(
    ("said", "says"),
    [
        (f'{{"auths": {{\n"{SECRET}"', "line 2 is no JSON"),
        ("", "line 1 is no JSON"),
        (f'["{SECRET}"]', "it is no JSON object"),
        ("NaN", "it is no JSON"),
        ({"auths": [SECRET]}, "auths must be an object"),
        ({"credHelpers": "one"}, "credHelpers must be an object"),
        ({"credsStore": [SECRET]}, "names a credential helper that can be no program"),
        ({"credHelpers": {REGISTRY: f"../{SECRET}"}}, "can be no program"),
        ({"auths": {REGISTRY: {"auth": SECRET}}}, f"auths.{REGISTRY} holds no login"),
        ({"auths": {REGISTRY: {"auth": "bm9jb2xvbg=="}}}, f"auths.{REGISTRY} holds no login"),
        ({"auths": {REGISTRY: {"auth": 7}}}, f"auths.{REGISTRY} holds no login"),
        ({"auths": {REGISTRY: SECRET}}, f"auths.{REGISTRY} holds no login"),
    ],
)
def test_a_configuration_that_cannot_be_read(
    told: Callable[..., Environ], said: Any, says: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        require_sound(told(said))
    assert says in str(caught.value)
    assert "config.json" in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("script", "kind", "says"),
    [
        (None, ConfigurationError, "docker-credential-one for r.example:5000, which is not in"),
        ("echo 'the agent is locked'; exit 3", NoVerdict, "exit status 3: the agent is locked)"),
        ("exit 1", NoVerdict, "exit status 1: without a word)"),
        (f"""echo '{{"Secret": "{SECRET}"}}'; exit 1""", NoVerdict, "without a word)"),
        (f"echo {SECRET}", NoVerdict, "it answered with something else"),
        ("echo []", NoVerdict, "it answered with something else"),
        (r"printf 'a\033[31mb\nc'; exit 1", NoVerdict, "c)"),
    ],
)
def test_a_helper_that_gives_none(
    told: Callable[..., Environ], script: str | None, kind: type[GateError], says: str
) -> None:
    helpers = {} if script is None else {"one": script}
    environ = told({"credHelpers": {REGISTRY: "one"}}, **helpers)
    with pytest.raises(kind) as caught:
        login(REGISTRY, environ)
    text = str(caught.value)
    assert type(caught.value) is kind
    assert says in text
    assert SECRET not in text
    assert text.isprintable()


def test_a_helper_gets_none_of_the_gates_secrets(told: Callable[..., Environ]) -> None:
    script = 'env > "$DOCKER_CONFIG/env"\necho "credentials not found in native keychain"; exit 1'
    environ = told({"credsStore": "one"}, one=script)
    ours = {"DD_API_KEY": SECRET, "DATADOG_APP_KEY": SECRET, "STOREDOG_SIGNING_KEY": SECRET}
    assert login(REGISTRY, {**environ, **ours, "AWS_PROFILE": "shop"}) == {}
    seen = (Path(environ["DOCKER_CONFIG"]) / "env").read_text()
    assert "AWS_PROFILE=shop" in seen
    assert SECRET not in seen
