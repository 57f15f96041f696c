"""JavaScript in API tests: assertions, and scripts that give variables their values."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.synthetics_cli.command_line import main
from tests.local_synthetics.kinds.browser.scripts.scripted import SECRET, javascript, reason
from tests.local_synthetics.kinds.browser.scripts.words import WORDS
from tests.local_synthetics.support.service import (
    Target,
    http_test,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.local_synthetics.support.browser_tests import Json
    from tests.local_synthetics.support.service import Service

    Judge = Callable[..., Json]


pytestmark = pytest.mark.browser


# ---- assertions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        "dd.expect(dd.response.statusCode).to.equal(200)",
        "dd.expect(JSON.parse(dd.response.body)).to.have.nested.property('status.code', 200)",
        "dd.expect(dd.response.headers['Content-Type']).to.equal('application/json')",
        "dd.expect(dd.response.headers).to.have.property('content-type')",
        "JSON.parse(dd.response.body).status.indicator.should.equal('none')",
        "dd.assert.include([200, 210], JSON.parse(dd.response.body).status.code)",
    ],
)
def test_a_script_judges_the_response(judge: Judge, code: str) -> None:
    result = judge(code)
    assert result["status"] == "passed", result["failure"]
    (found,) = result["assertions"]
    assert found == {
        "type": "javascript",
        "code": code,
        "target": code,
        "expected": code,
        "actual": "1 held",
        "valid": True,
    }


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("dd.expect(dd.response.statusCode).to.equal(200)", "expected 500 to equal 200 (line 1)"),
        ("// expect\ndd.expect(1, 'one').to.equal(2)", "one: expected 1 to equal 2 (line 2)"),
        ("dd.expect(JSON.parse(dd.response.body)).to.exist", "SyntaxError: Unexpected token"),
        ("dd.expect(1).to.equal(1); throw new Error('no dogs')", "Error: no dogs (line 1)"),
        ("dd.expect(1).to.equal(1); throw 'no dogs'", "no dogs"),
        (
            "dd.expect(1).to.equal(1); dd.variable.setObfuscated('K', 'x'.repeat(10001))",
            "K is over 10000 characters, and secret",
        ),
        ("dd.expect(1).to.equal(", "SyntaxError"),
        ("return; dd.expect(1).to.equal(1)", "SyntaxError: Illegal return"),
        ("dd.expect(1).to.equal(1); Promise.reject(new Error('late'))", "Error: late"),
        ("dd.expect(1).to.equal(1); setTimeout(() => { throw new Error('later') })", "later"),
        ("dd.expect(1).to.equal(1); location.reload(); await new Promise(() => {})", "broke"),
    ],
)
def test_a_script_that_throws_does_not_hold(judge: Judge, code: str, told: str) -> None:
    assert told in reason(judge(code, "/down"))


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("if (dd.response.statusCode === 500) dd.expect(1).to.equal(1)", "asserted nothing"),
        ("try { dd.expect(1).to.equal(2) } catch {}", "asserted nothing"),
        ("dd.expect(1).to.equal(1); dd.expect(2).to.be", "asserts nothing"),
        ("dd.expect(1).to.equal(1); dd.expect(2).to.equal", "asserts nothing"),
        ("dd.expect(1).to.equal(1); dd.expect([2]).to.include", "asserts nothing"),
        ("dd.expect(1).to.exist.and.equal", "asserts nothing"),
        ("dd.expect((async () => false)()).to.be.ok", "needs what comes of the promise"),
        ("dd.expect(1).to.satisfy(async (it) => it === 2)", "needs a rule that answers at once"),
        ("dd.expect(async () => dogs).to.not.throw()", "needs a function that answers with no"),
        ("dd.expect(dd.response.body).to.include('')", "needs a part that not every text has"),
        ("dd.expect(dd.response.body).to.have.string('')", "needs a part that not every text has"),
        ("dd.expect(dd.response.headers['x-dog']).to.not.match(/bad/)", "needs a text"),
    ],
)
def test_a_script_that_proves_nothing_does_not_hold(judge: Judge, code: str, told: str) -> None:
    assert told in reason(judge(code))


@pytest.mark.parametrize(
    "code",
    [
        "dd.expect(1).to.bee.ok",
        "dd.expect(1).to.have.lengthOf.to.resemble(1)",
        "dd.assert.isNear(1, 1)",
        "dd.expect(dd.response.status).to.not.equal(500)",
        "dd.expect(std.crypto).to.exist",
    ],
)
def test_a_word_that_is_not_known_is_no_verdict(judge: Judge, code: str) -> None:
    result = judge(code)
    assert (result["failure"]["code"], result["inconclusive"]) == ("INVALID_TEST", True)
    assert "not known to the local service" in result["failure"]["message"]


@pytest.mark.parametrize("subject", WORDS)
def test_the_words_mean_what_they_mean_in_chai(judge: Judge, subject: str) -> None:
    good, bad = (list(filter(None, map(str.strip, text.splitlines()))) for text in WORDS[subject])
    code = ";\n".join(good)
    for line in bad:
        code += f"""
            ;try {{ {line}; throw new Error({json.dumps(line)} + " holds") }}
            catch (error) {{ if (error.name !== "AssertionError") throw error }}"""
    result = judge(code)
    assert result["status"] == "passed", result["failure"]
    assert int(result["assertions"][0]["actual"].partition(" ")[0]) >= len(good)


def test_other_assertions_are_judged_beside_it(browser_service: Service, shop: Target) -> None:
    status = {"type": "statusCode", "operator": "is", "target": 200}
    bad, good = (javascript(f"dd.expect(dd.response.statusCode).to.equal({n})") for n in (1, 200))
    result = browser_service.run(http_test(f"{shop.url}/", bad, status, good))
    assert [one["valid"] for one in result["assertions"]] == [False, True, True]
    (unmet,) = json.loads(result["failure"]["message"])
    assert unmet["index"] == 0


# ---- secrets ------------------------------------------------------------------------------------


def test_secrets_are_not_in_what_a_script_tells(browser_service: Service, shop: Target) -> None:
    secure = {"name": "KEY", "type": "text", "pattern": SECRET, "secure": True}
    told = [
        "dd.expect(dd.response.body).to.equal('x')",
        "dd.expect(1, dd.variable.get('KEY')).to.equal(2)",
        "throw new Error(encodeURIComponent(dd.variable.get('KEY'))) // expect",
        *(
            f"dd.expect({encode}(before + dd.variable.get('KEY') + ' after')).to.equal('')"
            for encode in ("btoa", "std.encoding.base64url.encode", "std.encoding.hex.encodeHex")
        ),
    ]
    told = [f"const before = {before!r}; {code}" for code in told for before in ("", "a", "ab")]
    result = browser_service.run(
        http_test(
            f"{shop.url}/secret", *map(javascript, told), config={"configVariables": [secure]}
        )
    )
    reasons = [one["actual"] for one in result["assertions"] if not one["valid"]]
    assert len(reasons) == len(told)
    assert all("********" in one for one in reasons)
    assert SECRET not in json.dumps(result)


def test_a_long_reason_is_cut(judge: Judge) -> None:
    told = reason(judge("dd.expect('x'.repeat(5000)).to.equal('y')"))
    assert len(told) < 1100


# ---- the command line ---------------------------------------------------------------------------


def test_the_command_line_says_what_did_not_hold(
    chromium: None, shop: Target, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "dd.expect(dd.response.statusCode).to.equal({})"
    for number, status in ((200, 0), (404, 1)):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(http_test(f"{shop.url}/", javascript(code.format(number)))))
        assert main(["run", str(path)]) == status
    passed, _, failed, _ = (
        line
        for line in capsys.readouterr().out.splitlines()
        if not re.search("discounts: list|^  GET |^  body: ", line)
    )
    assert passed == f"  javascript: expected {code.format(200)}, actual 1 held"
    assert failed == (
        f"  javascript: expected {code.format(404)},"
        " actual expected 200 to equal 404 (line 1) <- does not hold"
    )
