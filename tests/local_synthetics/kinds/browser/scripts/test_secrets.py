"""What scripts must not tell."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.local_synthetics.kinds.browser.scripts.scripted import SECRET, reason
from tests.local_synthetics.support.multistep_tests import multi
from tests.local_synthetics.support.multistep_tests import step as http_step

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local_synthetics.support.browser_tests import Json
    from tests.local_synthetics.support.service import (
        Service,
        Target,
    )

    Judge = Callable[..., Json]


pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("code", "hidden"),
    [
        ("dd.variable.set('MADE', 'plain-plain')", False),
        ("dd.variable.setObfuscated('MADE', 'plain-plain')", True),
        ("dd.variable.set('MADE', btoa(dd.variable.get('KEY')))", True),
        ("dd.variable.setObfuscated('A', 'bau'); dd.variable.set('MADE', 'plain-plain')", True),
    ],
)
def test_what_is_made_of_a_secret_is_a_secret(
    browser_service: Service, shop: Target, code: str, hidden: bool
) -> None:
    secure = {"name": "KEY", "type": "text", "pattern": SECRET, "secure": True}
    steps = [
        http_step(f"{shop.url}/", extractedValuesFromScript=code),
        http_step(f"{shop.url}/echo?made={{{{ MADE }}}}"),
    ]
    result = browser_service.run(multi(*steps, configVariables=[secure]))
    assert result["status"] == "passed", result["failure"]
    value = shop.requests[-1]["path"].partition("=")[2]
    kept = result["steps"][0]["variables"]["extracted"][-1]
    assert kept == {"name": "MADE", "secure": hidden, "val": "********" if hidden else value}
    assert (value in json.dumps(result)) is not hidden


def test_a_body_that_is_not_saved_is_not_told(judge: Judge) -> None:
    result = judge("dd.expect(dd.response.body).to.equal('x')", noSavingResponseBody=True)
    assert reason(result) == "it failed; why is not saved, nor the body"
    assert "indicator" not in json.dumps(result)


def test_nor_by_a_script_after_the_answer(browser_service: Service, shop: Target) -> None:
    one = http_step(
        f"{shop.url}/secret",
        request={"noSavingResponseBody": True},
        extractedValuesFromScript="JSON.parse(dd.response.body)",
    )
    result = browser_service.run(multi(one))
    assert "why is not saved" in result["failure"]["message"]
    assert "the secret is" not in json.dumps(result)
