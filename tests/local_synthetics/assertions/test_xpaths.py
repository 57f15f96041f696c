"""XPath in a body of XML or HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.local_synthetics.assertions import xpath as xpath_module
from tests.local_synthetics.assertions.evaluated import observed, result, xpath

if TYPE_CHECKING:
    from pathlib import Path


XML = '<?xml version="1.0" encoding="latin-1"?><s n="7"><a>é</a><b>two<i> words</i></b></s>'
HTML = "<!doctype html><html><body><p class=x>Hello<br>dog &amp; cat</body>"


@pytest.mark.parametrize(
    ("body", "path", "operator", "good", "bad"),
    [
        (XML, "//a", "is", "é", "e"),
        (XML, "//b", "is", "two words", "two"),
        (XML, "//a/text()", "is", "é", ""),
        (XML, "/s/@n", "is", "7", "8"),
        (XML, "/s/@n", "isNot", "8", "7"),
        (XML, "//b", "contains", "wo", "wa"),
        (XML, "//b", "doesNotContain", "wa", "wo"),
        (XML, "//b", "matches", "^two", "^words"),
        (XML, "//b", "doesNotMatch", "^words", "^two"),
        (XML, "/s/@n", "lessThan", 8, 7),
        (XML, "/s/@n", "lessThanOrEqual", 7, 6),
        (XML, "/s/@n", "moreThan", 6, 7),
        (XML, "/s/@n", "moreThanOrEqual", 7, 8),
        (XML, "count(//a)", "is", "1", "2"),
        (XML, "count(//*) > 3", "is", "true", "false"),
        (XML, "string(//a)", "is", "é", "e"),
        (HTML, "//p[@class='x']", "is", "Hellodog & cat", "Hello"),
        ("\ufeff\n<a>1</a>", "//a", "is", "1", "2"),
    ],
)
def test_an_xpath_operator_holds_and_does_not(
    body: str, path: str, operator: str, good: Any, bad: Any
) -> None:
    assert result(xpath(path, operator, good), observed(body))["valid"]
    assert not result(xpath(path, operator, bad), observed(body))["valid"]


@pytest.mark.parametrize("operator", ["isUndefined", "doesNotExist"])
def test_an_xpath_may_have_to_select_nothing(operator: str) -> None:
    assert result(xpath("//missing", operator), observed(XML))["valid"]
    assert not result(xpath("//a", operator), observed(XML))["valid"]


@pytest.mark.parametrize("operator", ["isNot", "doesNotContain"])
def test_an_xpath_that_selects_nothing_never_holds(operator: str) -> None:
    unmet = result(xpath("//missing", operator, "x"), observed(XML))
    assert (unmet["valid"], unmet["error_message"]) == (False, "the path selects nothing")


@pytest.mark.parametrize("body", ["", "Hello from Discounts!", '{"a": 1}'])
@pytest.mark.parametrize("operator", ["isNot", "isUndefined"])
def test_a_body_that_is_no_markup_never_holds(body: str, operator: str) -> None:
    unmet = result(xpath("//a", operator, "x"), observed(body))
    assert unmet["error_message"].startswith("the body is neither XML nor HTML")


@pytest.mark.parametrize("operator", ["is", "isUndefined"])
def test_a_path_that_cannot_be_evaluated_never_holds(operator: str) -> None:
    assert (
        "cannot be evaluated"
        in result(xpath("//n:a", operator, "x"), observed(XML))["error_message"]
    )


def test_a_namespace_hides_nothing() -> None:
    body = '<s xmlns="urn:shop" xmlns:e="urn:e"><e:error>no</e:error><a>1</a></s>'
    assert result(xpath("//a", "is", "1"), observed(body))["valid"]
    assert not result(xpath("//error", "isUndefined"), observed(body))["valid"]


def test_entities_of_a_body_reach_no_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter22")
    body = f'<!DOCTYPE a [<!ENTITY e SYSTEM "{secret.as_uri()}">]><a>x&e;</a>'
    unmet = result(xpath("//a", "contains", "hunter22"), observed(body))
    assert (unmet["valid"], unmet["actual"]) == (False, None)
    assert "hunter22" not in unmet["error_message"]


@pytest.mark.parametrize("operator", ["isNot", "doesNotContain", "is", "isUndefined"])
@pytest.mark.parametrize("entity", ['"error"', 'SYSTEM "file:///etc/passwd"'])
def test_an_entity_of_its_own_hides_nothing_in_xml(operator: str, entity: str) -> None:
    body = f"<!DOCTYPE a [<!ENTITY a9 {entity}>]><a><state>&a9;</state></a>"
    path = "//none" if operator == "isUndefined" else "//state"
    unmet = result(xpath(path, operator, "error"), observed(body))
    assert not unmet["valid"]
    assert "entities of its own" in unmet["error_message"]


def test_the_entities_that_xml_has_are_text() -> None:
    body = "<?xml version='1.0'?><a>&lt;&amp;&#65;</a>"
    assert result(xpath("//a", "is", "<&A"), observed(body))["valid"]


def test_an_xpath_has_a_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """It took hours, in which the service did not end."""
    assert xpath_module.SECONDS == 5
    monkeypatch.setattr(xpath_module, "SECONDS", 1)
    path = "//*[count(//*[count(//*) > 0]) > 0]"
    unmet = result(xpath(path, "is", "1"), observed(f"<a>{'<b/>' * 5000}</a>"))
    assert (unmet["valid"], unmet["error_message"]) == (False, f"XPath {path!r} took over 1 s")
