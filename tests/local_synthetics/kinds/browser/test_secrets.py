"""What a result tells of a page holds no secret, whole or in part."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.local_synthetics.support.browser_tests import css, step

if TYPE_CHECKING:
    from tests.local_synthetics.support.browser_tests import Json, Play

pytestmark = pytest.mark.browser
_LONG = "woof-" * 300


def secret(value: str) -> list[Json]:
    return [{"name": "KEY", "type": "text", "pattern": value, "secure": True}]


def write(code: str) -> Json:
    return step("assertFromJavascript", code=f"document.body.innerText = {code}; return true")


def test_a_long_value_that_was_extracted(play: Play) -> None:
    variable = {"name": "KEY", "secure": True}
    result = play(
        step("extractFromJavascript", code=f"return '{_LONG}'", variable=variable),
        step("assertElementPresent", element=css("#title")),
    )
    assert result["status"] == "passed"
    assert "woof" not in json.dumps(result)


def test_a_value_that_is_too_long_to_be_looked_for(play: Play) -> None:
    variable = {"name": "KEY", "secure": True}
    result = play(
        step("extractFromJavascript", code="return 'x'.repeat(10001)", variable=variable),
        step("assertElementPresent", element=css("#title")),
    )
    assert result["failure"]["code"] == "EXTRACT_VARIABLE"
    assert "over 10000 characters, and secure" in result["failure"]["message"]


def test_a_text_that_is_cut_within_a_secret(play: Play) -> None:
    result = play(
        write("'x'.repeat(990) + vars.KEY"),
        # Time enough for a busy machine to make the pattern of a long secret.
        step("assertElementContent", seconds=3, element=css("body"), check="equals", value="no"),
        configVariables=secret(_LONG),
    )
    assert result["failure"]["code"] == "ASSERTION_FAILURE"
    assert "woof" not in json.dumps(result)


def test_an_error_of_the_page_that_is_cut_within_a_secret(play: Play) -> None:
    throws = "setTimeout(() => { throw new Error('x'.repeat(490) + vars.KEY) }); return true"
    result = play(
        step("assertFromJavascript", code=throws),
        step("wait", value=0.5),
        configVariables=secret(_LONG),
    )
    (error,) = [error for one in result["steps"] for error in one["browser_errors"]]
    assert error["description"].startswith("xxx")
    assert "woof" not in error["description"]


@pytest.mark.parametrize("key", ["the dog's key", 'the dog "s" key', 'the dog\'s \\ "key"'])
def test_a_secret_that_a_message_quotes(play: Play, key: str) -> None:
    result = play(
        write("""'"' + vars.KEY + "'" """),
        step("assertElementContent", seconds=0.4, element=css("body"), check="equals", value="no"),
        configVariables=secret(key),
    )
    assert "********" in result["failure"]["message"]
    assert "the dog" not in json.dumps(result)


def test_a_cookie_that_the_page_shows(play: Play) -> None:
    result = play(
        step("extractFromJavascript", code="return document.cookie", variable={"name": "C"}),
        step("assertElementPresent", element=css("#title")),
        setCookie="session=woof-woof",
    )
    assert result["steps"][1]["extracted_value"]["value"] == "session=********"
