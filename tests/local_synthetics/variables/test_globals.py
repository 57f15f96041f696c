"""Global variables: where they come from, who wins, what is shown of them."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.local_synthetics.variables.global_variables import (
    GlobalsError,
    GlobalVariable,
    load_globals,
)
from pytest_storedog_gate.local_synthetics.variables.totp import Totp
from tests.local_synthetics.support.processes import running
from tests.local_synthetics.support.refusals import refused
from tests.local_synthetics.support.service import Handler, Service, Target, http_test, serving

if TYPE_CHECKING:
    from pathlib import Path

RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # RFC 6238, appendix B: "12345678901234567890"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_codes_are_those_of_the_rfc(seconds: int, code: str) -> None:
    assert Totp(RFC_SECRET, digits=8).code(seconds) == code
    assert Totp(RFC_SECRET).code(seconds) == code[2:]


def test_a_secret_may_be_written_as_people_do() -> None:
    assert Totp("gezd gnbv gy3t qojq-gezd gnbv gy3t qojq", digits=8).code(59) == "94287082"
    assert Totp("GE======").why_not() == ""


def test_the_interval_counts() -> None:
    codes = {Totp(RFC_SECRET, refresh_interval=60).code(seconds) for seconds in (60, 119)}
    assert len(codes) == 1
    assert Totp(RFC_SECRET, refresh_interval=60).code(120) not in codes


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "globals.json"
    open_one = {"value": "file", "secure": False}
    otp = {"options": {"totp_parameters": {"digits": 8, "refresh_interval": 60}}}
    path.write_text(json.dumps({"A": "file", "B": open_one, "C": "file", "OTP": otp}))
    environment = {"STOREDOG_GLOBAL_A": "env", "STOREDOG_GLOBAL_OTP": RFC_SECRET, "PATH": "x"}
    assert load_globals(str(path), environment) == {
        "A": GlobalVariable("env"),
        "B": GlobalVariable("file", secure=False),
        "C": GlobalVariable("file"),
        "OTP": GlobalVariable(RFC_SECRET, totp=Totp(RFC_SECRET, 8, 60)),
    }
    assert load_globals(None, {"STOREDOG_GLOBAL_X": "y"}) == {"X": GlobalVariable("y")}


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("{", "not valid JSON"),
        ("[]", "must be a JSON object"),
        ('{"A": 5}', "variable A must be a string"),
        ('{"A": {"value": "hunter22", "novelty": 1}}', "variable A must be a string"),
        ('{"A": {}}', "set STOREDOG_GLOBAL_A"),
        ('{"A": {"value": "hunter22", "secure": 1}}', "secure must be"),
        ('{"A": {"value": "hunter22", "options": {"x": 1}}}', "totp_parameters only"),
        ('{"A": {"value": "hunter22", "options": "x"}}', "options may hold"),
        ('{"A": {"value": "hunter22", "options": {"totp_parameters": {"x": 1}}}}', "digits and"),
        ('{"A": {"value": "hunter8!", "options": {"totp_parameters": {}}}}', "not base32"),
        ('{"A": {"value": "", "options": {"totp_parameters": {}}}}', "secret is empty"),
        ('{"A": {"value": "GE", "options": {"totp_parameters": {"digits": 3}}}}', "digits must"),
        (
            '{"A": {"value": "GE", "options": {"totp_parameters": {"refresh_interval": 0}}}}',
            "refresh_interval must",
        ),
    ],
)
def test_an_unusable_file_is_named_without_its_values(
    tmp_path: Path, content: str, named: str
) -> None:
    path = tmp_path / "globals.json"
    path.write_text(content)
    with pytest.raises(GlobalsError, match=named) as caught:
        load_globals(str(path), {})
    assert "hunter" not in str(caught.value)


def test_a_missing_file_is_named() -> None:
    assert "/no/such/file: No such file" in refused("serve", "--globals", "/no/such/file")


def test_globals_of_a_service_are_used_and_not_shown(tmp_path: Path, target: Target) -> None:
    target.routes["/echo"] = lambda handler: (200, {}, json.dumps(handler.asked))
    path = tmp_path / "globals.json"
    otp = {"value": RFC_SECRET, "options": {"totp_parameters": {"digits": 8}}}
    path.write_text(json.dumps({"OTP": otp, "STAGE": {"value": "staging", "secure": False}}))
    names = ("KEY", "OTP", "STAGE")
    definition = http_test(
        f"{target.url}/echo?key={{{{ KEY }}}}&otp={{{{ OTP }}}}&stage={{{{ STAGE }}}}",
        config={"configVariables": [{"name": name, "type": "global"} for name in names]},
    )
    before = time.time()
    with running("--globals", str(path), STOREDOG_GLOBAL_KEY="k3y/value") as (_, service):
        result = service.run(definition)
        missing = service.run(with_global(target, "NOPE"))
    assert result["status"] == "passed", result["failure"]
    asked = target.requests[0]["path"]
    codes = {Totp(RFC_SECRET, 8).code(at) for at in (before, time.time())}
    assert any(f"key=k3y/value&otp={code}&stage=staging" in asked for code in codes)
    text = json.dumps(result)
    assert "staging" in text
    for secret in ("k3y/value", RFC_SECRET, *codes):
        assert secret not in text
    assert missing["inconclusive"] is True
    assert "STOREDOG_GLOBAL_NOPE" in missing["failure"]["message"]
    assert len(target.requests) == 1


def with_global(target: Target, name: str) -> dict[str, Any]:
    return http_test(target.url, config={"configVariables": [{"name": name, "type": "global"}]})


def test_a_trigger_gives_a_missing_global(target: Target, service: Service) -> None:
    def asked(handler: Handler) -> tuple[int, dict[str, str], str]:
        return 200, {}, handler.path

    target.routes["/"] = asked
    definition = with_global(target, "NOPE")
    refusal = service.run(definition)
    assert refusal["failure"]["code"] == "INVALID_TEST"
    assert "NOPE has no value: the service has no global variable" in refusal["failure"]["message"]
    assert target.requests == []
    assert service.run(definition, variables={"NOPE": "x"})["status"] == "passed"


@pytest.mark.parametrize("value", ["1", "42", "true", "off", "eu", "a"])
def test_a_value_that_is_everywhere_hides_nothing(target: Target, value: str) -> None:
    """A global variable is secret unless somebody says otherwise, also one that is a switch."""
    target.answer("/", body='{"id": 1, "n": 142, "queue": "eu-1", "ok": true, "off": 0}')
    variable = {"name": "G", "type": "global", "id": "1"}
    never = {"type": "body", "operator": "contains", "target": "something else"}
    test = http_test(f"{target.url}/?x={{{{ G }}}}", never, config={"configVariables": [variable]})
    with serving(known_globals={"G": GlobalVariable(value)}) as service:
        result = service.run(test)
    assert result["request"]["url"] == f"{target.url}/?x={value}"
    assert "********" not in json.dumps(result)
