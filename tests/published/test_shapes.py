"""What the real API was recorded to answer, and what ours does: the same fields, the same types.

Calls that make, edit and delete tests are made again as they were recorded. Results are those of
the recorded test or, where it is not told, of one like it, which checks a target of our own.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.conftest import need_chromium
from tests.local_synthetics.servers.certificates import Certificates
from tests.local_synthetics.support.browser_tests import browser_test, says
from tests.local_synthetics.support.secure import secure
from tests.local_synthetics.support.service import (
    DEADLINE,
    Json,
    Service,
    http_test,
    serving,
    targeting,
    until,
)
from tests.published.data import needs_published
from tests.published.recordings import Call, recorded_calls

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

pytestmark = needs_published
V1 = "/api/v1/synthetics/tests"
RESULTS = re.compile(rf"{V1}/(?P<browser>browser/)?(?P<public_id>[^/]+)/results(/(?P<id>\d+))?")

# Every difference: the fields that only one side has or has with another type, and why.
DIFFERENCES: Mapping[str, str] = {
    r"(tests\[\]\.)?(created_by|modified_by|creator)(\..+)?": "there are no accounts here",
    r"org_id": "there are no accounts here",
    r"options\.bits_ai_auto_investigate": "an account's default, which no check depends on",
    r"(tests\[\]\.)?monitor_id": "there are no monitors here",
    r"overall_state_modified": "there are no monitors here",
    r"deleted_at": "a deleted test is not kept",
    r"config\.request\.files\[\]\.(bucketKey|content)": "a file's content stays in the definition",
    r"result\.(dnsServer|resolutionAttempts)": "the system resolves names, and does not tell how",
    r"result\.mainDC": "there are no data centres here",
    r"result\.(responseBody|responseHeaders(\..+)?)": "they are shown of what passed, too",
}
# Suites come from files and are looked for by their ID; test_recordings serves these.
NOT_ANSWERED = "GET /api/v2/synthetics/suites/search"
CALLS = [call for call in recorded_calls() if not call.request.startswith(NOT_ANSWERED)]
OF_THE_BROWSER = [call for call in CALLS if "/browser/" in call.path]
OF_THE_REST = [call for call in CALLS if call not in OF_THE_BROWSER]


def named(calls: Iterable[Call]) -> list[str]:
    return [f"{call.recording[:50]}: {call.request}" for call in calls]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """Ours to all calls but the browser's."""
    certificates = Certificates(tmp_path_factory.mktemp("authority"))
    with pytest.MonkeyPatch.context() as patch, targeting() as target:
        patch.setenv("SSL_CERT_FILE", str(certificates.authority))
        target.answer("/", status=301, headers={"Content-Type": "text/html; charset=UTF-8"})
        url = secure(target, certificates)
        return list(made_again(OF_THE_REST, url))


@pytest.mark.parametrize("number", range(len(OF_THE_REST)), ids=named(OF_THE_REST))
def test_an_answer_has_the_recorded_fields(answers: list[Any], number: int) -> None:
    found = differences(OF_THE_REST[number].answer, answers[number])
    assert [place for place in found if not reason(place)] == []


def test_each_listed_difference_is_one(answers: list[Any]) -> None:
    found = [
        place
        for call, ours in zip(OF_THE_REST, answers, strict=True)
        for place in differences(call.answer, ours)
    ]
    unused = [one for one in DIFFERENCES if not any(re.fullmatch(one, place) for place in found)]
    assert unused == []


@pytest.mark.browser
def test_a_browser_test_has_the_recorded_fields() -> None:
    need_chromium()
    with targeting() as target:
        page = {"Content-Type": "text/html"}
        target.answer("/", body="<output id=said>hello</output>", headers=page)
        for call, ours in zip(OF_THE_BROWSER, made_again(OF_THE_BROWSER, target.url), strict=True):
            assert ours["results"]
            assert differences(call.answer, ours) == []


def made_again(calls: Iterable[Call], url: str) -> Iterator[Any]:
    """Our answers: a service for each recording, `url` for tests that are run."""
    for _, group in itertools.groupby(calls, lambda call: call.recording):
        recording = list(group)
        with serving() as service:
            ids = stand_ins(service, recording, url)
            for call in recording:
                path, body = in_ours(call.path, ids), in_ours(call.body, ids)
                ours = ask(service, call.method, path, data=body.encode())
                if call.request in {f"POST {V1}/api", f"POST {V1}/browser"}:
                    ids.setdefault(call.answer["public_id"], ours["public_id"])
                yield ours


def stand_ins(service: Service, recording: list[Call], url: str) -> dict[str, str]:
    """Make and run what the recording has from before; our ID of each ID in it."""
    ids: dict[str, str] = {}
    for call in recording:
        if call.path.endswith("/trigger"):
            # The recorded test asks servers of others.
            (triggered,) = call.answer["triggered_check_ids"]
            ids[triggered] = make(service, http_test(url))
        if call.request.startswith(f"GET {V1}?"):
            for test in call.answer["tests"]:
                make(service, test)
        if found := RESULTS.fullmatch(call.path):
            test = browser_test(url, says("hello")) if found["browser"] else like(call.answer, url)
            ids[found["public_id"]] = public_id = make(service, test)
            ids[found["id"] or ""] = run(service, public_id)
    return {theirs: ours for theirs, ours in ids.items() if theirs}


def like(answer: Json, url: str) -> Json:
    """The API test of a recorded result, against `url`."""
    test = http_test(url)
    test["config"]["assertions"][0]["target"] = 301
    if check := answer.get("check"):
        request = {**check["config"]["request"], "url": url}
        test |= {"config": {**check["config"], "request": request}, "options": check["options"]}
    return test


def make(service: Service, test: Json) -> str:
    sent = {key: value for key, value in test.items() if key not in {"public_id", "creator"}}
    path = f"{V1}/{test['type']}"
    return str(ask(service, "POST", path, json={"message": "", **sent})["public_id"])


def run(service: Service, public_id: str) -> str:
    """The ID of a result that has passed."""
    body = {"tests": [{"public_id": public_id}]}
    (started,) = ask(service, "POST", f"{V1}/trigger", json=body)["results"]
    result_id = str(started["result_id"])
    until(lambda: service.result(result_id).get("finished_at"), "the result")
    assert service.result(result_id)["status"] == "passed"
    return result_id


def ask(service: Service, method: str, path: str, **sent: Any) -> Any:
    headers = {"Content-Type": "application/json"}
    answer = requests.request(method, service.url + path, headers=headers, timeout=DEADLINE, **sent)
    assert answer.status_code == 200, answer.text
    return answer.json()


def in_ours(text: str, ids: Mapping[str, str]) -> str:
    for theirs, ours in ids.items():
        text = text.replace(theirs, ours)
    return text


def differences(recorded: Any, ours: Any) -> list[str]:
    """The places of fields that are not in both, or not of the same JSON types."""
    theirs, own = dict(shape(recorded)), dict(shape(ours))
    return sorted(place for place in theirs | own if theirs.get(place) != own.get(place))


def shape(value: Any, place: str = "") -> dict[str, set[str]]:
    """The JSON types of each field; the items of a list count as one."""
    found = {place: {TYPES[type(value)]}}
    members: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        members = [(f"{place}.{key}".lstrip("."), item) for key, item in value.items()]
    elif isinstance(value, list):
        members = [(f"{place}[]", item) for item in value]
    for inner, item in members:
        for one, types in shape(item, inner).items():
            found.setdefault(one, set()).update(types)
    return found


TYPES = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    type(None): "null",
}


def reason(place: str) -> str | None:
    """Why that field may differ."""
    return next((why for one, why in DIFFERENCES.items() if re.fullmatch(one, place)), None)
