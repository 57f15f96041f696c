"""Secrets of a test that is edited: kept, and never shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.local_synthetics.account.changes import BASIC, body_of, browser_body, call, run
from tests.local_synthetics.support.browser_tests import says, step

if TYPE_CHECKING:
    from tests.local_synthetics.support.service import (
        Service,
        Target,
    )


def test_a_secure_value_is_kept_by_an_edit_and_never_shown(shop: tuple[Target, Service]) -> None:
    target, service = shop
    variable = {"name": "TOKEN", "type": "text", "secure": True}
    body = body_of(target.url, name="secretive")
    body["config"]["request"]["headers"] = {"X-Said": "{{ TOKEN }}"}
    body["config"]["configVariables"] = [{**variable, "pattern": "sesame"}]
    made = call(service, "POST", "/api", body)
    public_id = made.json()["public_id"]
    body["config"]["configVariables"] = [variable]
    edited = call(service, "PUT", f"/api/{public_id}", body)
    result_id = run(service, public_id)
    assert target.requests[-1]["headers"]["x-said"] == "sesame"
    result = call(service, "GET", f"/{public_id}/results/{result_id}")
    assert result.status_code == 200
    assert "sesame" not in made.text + edited.text + result.text


@pytest.mark.parametrize("path", ["/api/{}", "/{}"])
def test_what_comes_back_as_it_was_shown_keeps_its_secrets(
    shop: tuple[Target, Service], path: str
) -> None:
    target, service = shop
    body = body_of(target.url)
    body["config"]["request"] |= {
        "headers": {"X-Api-Key": "sesame", "X-Said": "{{ TOKEN }}"},
        "url": target.url.replace("//", "//ann:key@"),
    }
    variable = {"name": "TOKEN", "type": "text", "secure": True, "pattern": "open"}
    body["config"]["configVariables"] = [variable]
    public_id = call(service, "POST", "/api", body).json()["public_id"]
    shown = call(service, "GET", path.format(public_id)).json()
    added = {"name": "PLAIN", "type": "text", "pattern": "plain"}
    shown["config"]["configVariables"].insert(0, added)
    shown["config"]["request"]["headers"]["X-Plain"] = "{{ PLAIN }}"
    edited = call(service, "PUT", path.format(public_id), shown)
    assert edited.status_code == 200, edited.text
    run(service, public_id)
    headers = target.requests[-1]["headers"]
    assert (headers["x-api-key"], headers["x-said"]) == ("sesame", "open")
    assert (headers["authorization"], headers["x-plain"]) == (BASIC, "plain")


def test_credentials_in_a_step_of_a_browser_test_are_never_shown(
    shop: tuple[Target, Service],
) -> None:
    service = shop[1]
    headers = {"Authorization": "Bearer sesame"}
    request = {"method": "GET", "url": "http://ann:sesame@h", "headers": headers}
    asks = step("runApiTest", request={"subtype": "http", "config": {"request": request}})
    made = call(service, "POST", "/browser", browser_body("http://h", steps=[says("x"), asks]))
    path = f"/browser/{made.json()['public_id']}"
    shown, file = call(service, "GET", path), call(service, "GET", f"{path}?format=ltd")
    edited = call(service, "PUT", path, {**shown.json(), "name": "edited"})
    assert [one.status_code for one in (made, shown, file, edited)] == [200] * 4
    assert "sesame" not in made.text + shown.text + file.text + edited.text
    variables = file.json()["config"]["configVariables"]
    assert [one["name"] for one in variables] == ["AUTHORIZATION", "URL_CREDENTIALS"]


def test_a_variable_that_shall_not_be_secure_any_more_loses_its_value(
    shop: tuple[Target, Service],
) -> None:
    service = shop[1]
    body = body_of("http://127.0.0.1:1")
    variable = {"name": "TOKEN", "type": "text", "secure": True, "pattern": "sesame"}
    body["config"]["configVariables"] = [variable]
    public_id = call(service, "POST", "/api", body).json()["public_id"]
    operations = [{"op": "replace", "path": "/config/configVariables/0/secure", "value": False}]
    patched = call(service, "PATCH", f"/{public_id}", {"data": operations})
    assert patched.json()["config"]["configVariables"] == [
        {"name": "TOKEN", "type": "text", "secure": False}
    ]


def test_a_secret_cannot_be_copied_to_where_it_is_shown(shop: tuple[Target, Service]) -> None:
    service = shop[1]
    body = body_of("http://127.0.0.1:1")
    body["config"]["request"]["basicAuth"] = {"username": "ann", "password": "sesame"}
    public_id = call(service, "POST", "/api", body).json()["public_id"]
    secret = "/config/request/basicAuth/password"
    operations = [{"op": "copy", "from": secret, "path": "/message"}]
    patched = call(service, "PATCH", f"/{public_id}", {"data": operations})
    assert (patched.status_code, "secret" in patched.text) == (400, True)
