"""Scripts that give variables their values, before the request and after the answer."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.secrets.masking import MASK
from tests.local_synthetics.kinds.browser.scripts.scripted import SECRET, javascript
from tests.local_synthetics.support.multistep_tests import multi, statuses
from tests.local_synthetics.support.multistep_tests import step as http_step
from tests.local_synthetics.support.service import (
    Target,
    http_test,
    serving,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local_synthetics.support.browser_tests import Json
    from tests.local_synthetics.support.service import Service

    Judge = Callable[..., Json]


pytestmark = pytest.mark.browser

# ---- variables ----------------------------------------------------------------------------------

_SIGN = """
const message = "Hello, World!";
dd.variable.set("BODY", message);
const key = await crypto.subtle.importKey(
  "raw",
  new TextEncoder().encode(dd.variable.get("MY_SECRET_KEY")),
  { name: "HMAC", hash: "SHA-256" },
  false,
  ["sign"],
);
const signature = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(message));
dd.variable.set("HEX", std.encoding.hex.encodeHex(signature));
dd.variable.set("BASE64", std.encoding.base64.encode(signature));
dd.variable.set("BASE64URL", std.encoding.base64url.encode(signature));
"""


def test_a_script_signs_the_request(browser_service: Service, shop: Target) -> None:
    names = ("HEX", "BASE64", "BASE64URL")
    definition = http_test(
        f"{shop.url}/echo",
        method="POST",
        body="{{ BODY }}",
        headers={f"x-{name.lower()}": f"{{{{ {name} }}}}" for name in names},
        config={
            "variablesFromScript": _SIGN,
            "configVariables": [
                {"name": "MY_SECRET_KEY", "type": "text", "pattern": SECRET, "secure": True}
            ],
        },
    )
    result = browser_service.run(definition)
    assert result["status"] == "passed", result["failure"]
    sent = shop.requests[-1]
    digest = hmac.digest(SECRET.encode(), b"Hello, World!", hashlib.sha256)
    assert sent["body"] == "Hello, World!"
    assert sent["headers"]["x-hex"] == digest.hex()
    assert sent["headers"]["x-base64"] == base64.b64encode(digest).decode()
    assert sent["headers"]["x-base64url"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")
    # It was made of a secret, so that it is one; the body was set before, but by the same script.
    assert digest.hex() not in json.dumps(result)
    assert SECRET not in json.dumps(result)


def test_a_script_before_the_request_that_fails_is_no_verdict(
    browser_service: Service, shop: Target
) -> None:
    before = len(shop.requests)
    for code, told in (
        ("throw new Error('no dogs')", "config.variablesFromScript: Error: no dogs"),
        ("dd.variable.set('A', dd.response.body)", "dd.response is not known"),
        ("dd.variable.set('A', undefined)", "A is given undefined"),
        ("dd.variable.set('A', Number('none'))", "A is given NaN"),
        ("dd.variable.set('A B', 1)", '"A B" is no variable\'s name'),
        ("dd.variable.get('NOWHERE')", "variable NOWHERE has no value"),
    ):
        result = browser_service.run(
            http_test(f"{shop.url}/", config={"variablesFromScript": code})
        )
        assert (result["failure"]["code"], result["inconclusive"]) == ("INVALID_TEST", True)
        assert told in result["failure"]["message"]
    assert len(shop.requests) == before


_TOKEN = "dd.variable.set('TOKEN', JSON.parse(dd.response.body).status.indicator + '-token')"


def test_values_from_a_script_go_into_the_next_steps(
    browser_service: Service, shop: Target
) -> None:
    steps = [
        http_step(
            f"{shop.url}/?first={{{{ ANSWER }}}}",
            extractedValuesFromScript=f"{_TOKEN}; dd.variable.set('CODE', dd.response.statusCode)",
        ),
        http_step(
            f"{shop.url}/echo",
            javascript("dd.expect(dd.response.body).to.include(dd.variable.get('TOKEN'))"),
            {"type": "statusCode", "operator": "is", "target": "{{ CODE }}"},
            request={"headers": {"x-said": "{{ TOKEN }}"}},
        ),
    ]
    result = browser_service.run(
        multi(*steps, variablesFromScript="dd.variable.set('ANSWER', 6 * 7)")
    )
    assert result["status"] == "passed", result["failure"]
    first, second = shop.requests[-2:]
    assert first["path"] == "/?first=42"
    assert second["headers"]["x-said"] == "none-token"
    assert result["steps"][0]["variables"]["extracted"] == [
        {"name": "TOKEN", "secure": False, "val": MASK},  # what has a secret's name is one
        {"name": "CODE", "secure": False, "val": "200"},
    ]


def test_a_script_after_the_answer_that_fails_fails_its_step(
    browser_service: Service, shop: Target
) -> None:
    anything = {"type": "responseTime", "operator": "moreThan", "target": 0}
    flawed = http_step(f"{shop.url}/down", anything, extractedValuesFromScript=_TOKEN)
    result = browser_service.run(multi(flawed, http_step(shop.url)))
    assert (result["status"], result["inconclusive"]) == ("failed", False)
    assert statuses(result) == ["failed", "skipped"]
    assert "extractedValuesFromScript: SyntaxError" in result["failure"]["message"]
    (kept,) = result["steps"][0]["variables"]["extracted"]
    assert kept["err"].startswith("SyntaxError")


def test_a_value_of_before_does_not_stand_in_for_one_that_no_script_set(
    browser_service: Service, shop: Target
) -> None:
    flawed = http_step(f"{shop.url}/down", allowFailure=True, extractedValuesFromScript=_TOKEN)
    uses = http_step(f"{shop.url}/?token={{{{ TOKEN }}}}")
    variable = {"name": "TOKEN", "type": "text", "pattern": "old"}
    before = len(shop.requests)
    result = browser_service.run(multi(flawed, uses, configVariables=[variable]))
    assert statuses(result) == ["failed", "failed"]
    assert "did not set it" in result["failure"]["message"]
    assert len(shop.requests) == before + 1


def test_a_script_counts_on(browser_service: Service, shop: Target) -> None:
    """A value that a script does not set again stays, and its script can read it."""
    count = "dd.variable.set('COUNT', Number(dd.variable.get('COUNT')) + 1)"
    steps = [
        http_step(f"{shop.url}/?count={{{{ COUNT }}}}", extractedValuesFromScript=count)
        for _ in range(3)
    ]
    variable = {"name": "COUNT", "type": "text", "pattern": "1"}
    assert browser_service.run(multi(*steps, configVariables=[variable]))["status"] == "passed"
    asked = [one["path"] for one in shop.requests[-3:]]
    assert asked == ["/?count=1", "/?count=2", "/?count=3"]


def test_a_sub_test_has_its_own_script(shop: Target, chromium: None) -> None:
    single = http_test(f"{shop.url}/?who={{{{ WHO }}}}")
    single["config"]["variablesFromScript"] = "dd.variable.set('WHO', 'Laika')"
    chained = multi(http_step(f"{shop.url}/?then={{{{ THEN }}}}"))
    chained["config"]["variablesFromScript"] = "dd.variable.set('THEN', 'Belka')"
    plays = [
        {"subtype": "playSubTest", "name": "sub", "subtestPublicId": one["public_id"]}
        for one in (single, chained)
    ]
    with serving(single, chained) as service:
        result = service.run(multi(*plays))
    assert result["status"] == "passed", result["failure"]
    assert [one["path"] for one in shop.requests[-2:]] == ["/?who=Laika", "/?then=Belka"]
