"""JavaScript in API tests: assertions, and scripts that give variables their values."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.local_synthetics.commands.cli import main
from tests.local_synthetics.kinds.browser.conftest import browser_test, step
from tests.local_synthetics.kinds.browser.processes import chromium_of_this_process
from tests.local_synthetics.kinds.browser.words import WORDS
from tests.local_synthetics.kinds.test_multistep import multi, statuses
from tests.local_synthetics.kinds.test_multistep import step as http_step
from tests.local_synthetics.support import Answer, Handler, Target, http_test, serving, targeting
from tests.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.local_synthetics.kinds.browser.conftest import Json
    from tests.local_synthetics.support import Service

    Judge = Callable[..., Json]

pytestmark = pytest.mark.browser

PACKAGE = "pytest_storedog_gate.local_synthetics"
BODY = {"status": {"code": 200, "indicator": "none"}, "items": [1, 2]}
SECRET = "wuff-wuff-wuff"
_SANDBOX = f"{PACKAGE}.browser.sandbox"  # imported only where it can run


def javascript(code: str) -> Json:
    return {"type": "javascript", "code": code}


@pytest.fixture(scope="module")
def shop() -> Iterator[Target]:
    """It answers with a document, with what it was sent, and with failures."""

    def echo(handler: Handler) -> Answer:
        return 200, {}, json.dumps(handler.asked)

    with targeting() as running:
        running.answer_json("/", BODY)
        running.answer("/down", status=500, body="down")
        running.answer("/secret", body=f"the secret is {SECRET}")
        running.routes["/echo"] = echo
        yield running


@pytest.fixture
def judge(browser_service: Service, shop: Target) -> Judge:
    """The result of an HTTP test with this script as its only assertion."""

    def run(code: str, path: str = "/", **parts: Any) -> Json:
        return browser_service.run(http_test(shop.url + path, javascript(code), **parts))

    return run


def reason(result: Json) -> str:
    """Why the one assertion of a test that failed does not hold."""
    assert (result["status"], result["inconclusive"]) == ("failed", False), result["failure"]
    assert result["failure"]["code"] == "INCORRECT_ASSERTION"
    (unmet,) = json.loads(result["failure"]["message"])
    (found,) = result["assertions"]
    assert unmet["type"] == found["type"] == "javascript"
    assert not unmet["valid"]
    assert unmet["actual"] == unmet["error_message"] == found["error_message"]
    return str(unmet["actual"])


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


def test_scripts_share_nothing(browser_service: Service, shop: Target) -> None:
    first = javascript("globalThis.left = localStorage.left = 'x'; dd.expect(1).to.equal(1)")
    second = javascript(
        "dd.expect([globalThis.left, localStorage.left]).to.eql([undefined, undefined])"
    )
    result = browser_service.run(http_test(f"{shop.url}/", first, second))
    assert result["status"] == "passed", result["failure"]


def test_a_script_that_hangs_costs_one_assertion(
    judge: Judge, browser_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = pytest.importorskip(_SANDBOX)
    judge("dd.expect(1).to.equal(1)")  # the browser runs
    with monkeypatch.context() as patch:
        patch.setattr(sandbox, "_LIMIT", 1.0)
        for endless in ("for (;;);", "await new Promise(() => {});"):
            told = reason(judge(f"dd.expect(1).to.equal(1); {endless}"))
            assert told == "it took over 1 s"
    assert judge("dd.expect(1).to.equal(1)")["status"] == "passed"


def test_a_browser_that_crashes_costs_one_test_and_is_started_again(
    chromium: None, shop: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = pytest.importorskip("playwright.async_api").Page
    begun, evaluate = threading.Event(), page.evaluate

    async def evaluating(self: Any, *given: Any) -> Any:
        begun.set()
        return await evaluate(self, *given)

    monkeypatch.setattr(page, "evaluate", evaluating)
    before = set(chromium_of_this_process())
    with serving() as service:
        waits = javascript("dd.expect(1).to.equal(1); await new Promise(() => {})")
        batch = service.trigger({"local_test_definition": http_test(shop.url, waits)})
        assert begun.wait(20)
        for pid in set(chromium_of_this_process()) - before:
            # One of them only starts another one, and ends with it.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        (entry,) = service.final(batch)["results"]
        assert "it broke the page that it ran on" in reason(service.result(entry["result_id"]))
        good = javascript("dd.expect(1).to.equal(1)")
        assert service.run(http_test(shop.url, good))["status"] == "passed"


@pytest.mark.parametrize(
    "attempt",
    [
        "await fetch('{url}').catch(() => 0)",
        "await fetch('{url}', {{ mode: 'no-cors' }}).catch(() => 0)",
        "await import('{url}x.js').catch(() => 0)",
        "await new Promise((end) => Object.assign(new Image(), {{ onerror: end, src: '{url}' }}))",
        "await new Promise((turn) => {{ new WebSocket('{ws}').onerror = turn }})",
        "open('{url}'); await new Promise((turn) => setTimeout(turn, 300))",
        "navigator.sendBeacon('{url}'); await new Promise((turn) => setTimeout(turn, 300))",
    ],
)
def test_a_script_reaches_no_network(judge: Judge, attempt: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        address = f"127.0.0.1:{server.getsockname()[1]}/"
        code = attempt.format(url=f"http://{address}", ws=f"ws://{address}")
        result = judge(f"try {{ {code} }} catch {{}} dd.expect(1).to.equal(1)")
        assert result["status"] == "passed", result["failure"]
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_browser_test_that_waits_for_a_script_does_not_hold_it_up(
    browser_service: Service, site: str, shop: Target
) -> None:
    """More of them at once than the browser has places."""
    request = {
        "subtype": "http",
        "config": {
            "request": {"method": "GET", "url": f"{shop.url}/"},
            "assertions": [javascript("dd.expect(dd.response.statusCode).to.equal(200)")],
        },
    }
    tests = [browser_test(site, step("runApiTest", request=request)) for _ in range(6)]
    batch = browser_service.trigger(*({"local_test_definition": one} for one in tests))
    assert {one["status"] for one in browser_service.final(batch)["results"]} == {"passed"}


# ---- without a browser --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["assertion", "before", "after"])
def test_without_a_chromium_nothing_is_sent(
    chromium: None, shop: Target, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("STOREDOG_CHROMIUM", "/nowhere/chromium")
    definition = {
        "assertion": http_test(f"{shop.url}/", javascript("dd.expect(1).to.equal(1)")),
        "before": http_test(f"{shop.url}/", config={"variablesFromScript": "1"}),
        "after": multi(http_step(shop.url), http_step(shop.url, extractedValuesFromScript="1")),
    }[kind]
    before = len(shop.requests)
    with serving() as service:
        result = service.run(definition)
        plain = service.run(http_test(f"{shop.url}/"))
    assert (result["failure"]["code"], result["inconclusive"]) == ("INVALID_TEST", True)
    assert "STOREDOG_CHROMIUM is '/nowhere/chromium'" in result["failure"]["message"]
    assert plain["status"] == "passed"
    assert len(shop.requests) == before + 1


def test_without_playwright_scripts_are_refused_by_name() -> None:
    code = (
        "import sys; sys.modules['playwright'] = None\n"
        f"from {PACKAGE}.definitions import parse\n"
        f"from {PACKAGE}.kinds import all_kinds\n"
        "request = {'method': 'GET', 'url': 'http://a'}\n"
        "script = [{'type': 'javascript', 'code': 'dd.expect(1).to.equal(1)'}]\n"
        "for assertions in (script, [{'type': 'statusCode', 'operator': 'is', 'target': 1}]):\n"
        "    config = {'request': request, 'assertions': assertions}\n"
        "    test = parse({'type': 'api', 'subtype': 'http', 'name': 'a', 'config': config})\n"
        "    print(*all_kinds()['api', 'http'].unsupported(test))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.stdout == (
        "scripts run in a browser: playwright is not installed; run:"
        " pip install 'pytest-storedog-gate[browser]'\n\n"
    ), done.stderr


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
        {"name": "TOKEN", "secure": False, "val": "none-token"},
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
