"""What a service says that cannot be true opens no gate: whole runs against scripted answers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.datadog.fake import Answer, FakeDatadog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import GateProject

A, B = "aaa-aaa-aaa", "bbb-bbb-bbb"
HERE, OFFICE = "aws:eu-central-1", "pl:office-abc"
CONFIGURATION = """\
[synthetics]
backend = "datadog"
batch_timeout = 1
[environments.staging]
checks = ["aaa-aaa-aaa", "bbb-bbb-bbb"]
"""


def test_object(public_id: str, **more: Any) -> dict[str, Any]:
    return {
        "public_id": public_id,
        "name": f"check {public_id}",
        "type": "api",
        "subtype": "http",
        "locations": [HERE],
        "options": {},
        **more,
    }


test_object.__test__ = False  # type: ignore[attr-defined]  # a test object of Datadog's, and no test


def entry(public_id: str, **more: Any) -> dict[str, Any]:
    return {
        "test_public_id": public_id,
        "test_name": f"check {public_id}",
        "test_type": "api",
        "result_id": f"9{public_id[:3]}",
        "location": HERE,
        "status": "passed",
        "execution_rule": "blocking",
        "duration": 100,
        "retries": 0,
        "max_retries": 0,
        "timed_out": False,
        **more,
    }


def detail(public_id: str, result_id: str = "", **result: Any) -> dict[str, Any]:
    own = result_id or f"9{public_id[:3]}"
    said = {"id": own, "status": "passed", "finished_at": int(time.time() * 1000), **result}
    return {
        "type": "result",
        "id": own,
        "attributes": {"test_type": "api", "result": said},
        "relationships": {"test": {"data": {"type": "test", "id": public_id}}},
    }


class Service:
    """Answers for two checks that pass; a case changes what it says."""

    def __init__(self) -> None:
        self.tests = {p: test_object(p) for p in (A, B)}
        self.entries: list[Any] = [entry(A), entry(B)]
        self.details: list[Any] = [detail(A), detail(B)]
        self.status: Any = "passed"
        self.batch: Any = None

    def script(self, fake: FakeDatadog) -> None:
        batch = self.batch or {"data": {"status": self.status, "results": self.entries}}
        fake.script = {f"/tests/{p}": [Answer(found)] for p, found in self.tests.items()} | {
            "/trigger/ci": [Answer({"batch_id": "b-1", "locations": []})],
            "/ci/batch/b-1": [Answer(batch)],
            "/poll_results": [Answer({"data": self.details})],
        }


@pytest.fixture
def datadog() -> Iterator[FakeDatadog]:
    fake = FakeDatadog()
    yield fake
    fake.close()


@pytest.fixture
def against(
    any_mode: GateProject, datadog: FakeDatadog, monkeypatch: pytest.MonkeyPatch
) -> GateProject:
    """The gate on two checks of a scripted Datadog, which waits no longer than it has to."""
    monkeypatch.setenv("DD_API_KEY", "a" * 32)
    monkeypatch.setenv("DD_APP_KEY", "b" * 40)
    monkeypatch.setenv("DD_API_HOST_OVERRIDE", datadog.url)
    any_mode.configuration(CONFIGURATION)
    # A service is believed for a minute more than it says; no test waits for that minute.
    any_mode.pytester.makeconftest(
        "from pytest_storedog_gate.datadog.calling import retries\n"
        "from pytest_storedog_gate.gate import checking, synthetics\n"
        "checking.GRACE = synthetics.GRACE = 4\n"
        "retries._UNREADABLE = 2\n"
    )
    return any_mode


def change(service: Service, public_id: str, **more: Any) -> None:
    service.entries = [entry(p, **(more if p == public_id else {})) for p in (A, B)]


def tell(service: Service, **result: Any) -> None:
    service.details = [detail(A, **result), detail(B)]


def lost_place(service: Service) -> None:
    service.tests[A]["locations"] = [HERE, OFFICE]


def lost_device(service: Service) -> None:
    options = {"device_ids": ["chrome.laptop_large", "chrome.mobile_small"]}
    service.tests[A] |= {"type": "browser", "subtype": "", "options": options}
    change(service, A, device="chrome.laptop_large", test_type="browser")


def other_test(service: Service) -> None:
    service.tests[A] = test_object(B)


def other_result(service: Service) -> None:
    service.details = [detail(A), detail(B, id="9aaa")]


def others_details(service: Service) -> None:
    service.details[0]["relationships"]["test"]["data"]["id"] = B


def missing_entry(service: Service) -> None:
    service.entries = [entry(A), None, "odd"]


CASES: dict[str, Any] = {
    "a location that got lost": (lost_place, OFFICE),
    "a device that got lost": (lost_device, "chrome.mobile_small"),
    "the batch says failed": (lambda s: setattr(s, "status", "failed"), "batch says failed"),
    "the batch was cancelled": (lambda s: setattr(s, "status", "cancelled"), "cancelled"),
    "the batch says null": (lambda s: setattr(s, "status", None), "never ended"),
    "the batch says pending": (lambda s: setattr(s, "status", "pending"), "never ended"),
    "an entry says queued": (lambda s: change(s, A, status="queued"), "queued"),
    "a failed step": (
        lambda s: tell(s, steps=[{"name": "pay", "status": "failed"}]),
        "failed step 1, pay",
    ),
    "a failed step of a sub-test": (
        lambda s: tell(
            s,
            steps=[{"status": "passed", "sub_test_step_details": [{"status": "failed"}]}],
        ),
        "failed step",
    ),
    "an assertion that is not true": (
        lambda s: tell(s, assertions=[{"type": "statusCode", "operator": "is", "valid": False}]),
        "not true",
    ),
    "a failure": (lambda s: tell(s, failure={"code": "DNS", "message": "no"}), "why it failed"),
    "the result failed": (lambda s: tell(s, status="failed"), "says 'failed'"),
    "passed and timed out": (lambda s: change(s, A, timed_out=True), "timed out"),
    "it ended before the batch": (lambda s: tell(s, finished_at=_ago(3600)), "before the batch"),
    "it ended before it began": (lambda s: tell(s, started_at=_ago(-60)), "before it began"),
    "another test's definition": (other_test, "something else than the test aaa-aaa-aaa"),
    "another result's details": (other_result, "details are those of result"),
    "another test's details": (others_details, "details are those of the test"),
    "no ID": (lambda s: s.tests[A].update(public_id=None), "else than the test aaa-aaa-aaa"),
    "an entry that cannot be read": (missing_entry, "no result"),
    "no results": (lambda s: setattr(s, "batch", {"data": {"status": "passed", "results": None}}),
                   "something else than"),
    "no data": (lambda s: setattr(s, "batch", {"data": None}), "something else than"),
    "HTML": (lambda s: setattr(s, "batch", "<html>"), "something else than"),
    "relaxed in Datadog": (
        lambda s: change(s, A, execution_rule="non_blocking"),
        "required here",
    ),
}  # fmt: skip


def _ago(seconds: int) -> int:
    return int((time.time() - seconds) * 1000)


@pytest.mark.parametrize("case", CASES)
def test_a_contradiction_is_no_verdict(
    against: GateProject, datadog: FakeDatadog, case: str
) -> None:
    service = Service()
    alter, said = CASES[case]
    alter(service)
    service.script(datadog)
    result = against.run()
    assert result.ret == 8, f"{result.stdout}{result.stderr}"
    assert said in f"{result.stdout}"
    assert against.report()["state"] == "inconclusive"
    assert str(result.stderr) == ""


def test_two_triggers_are_never_one_batch(against: GateProject, datadog: FakeDatadog) -> None:
    Service().script(datadog)
    against.pytester.makepyfile(
        test_mine=f"def test_mine(storedog_trigger): storedog_trigger({A!r})"
    )
    result = against.run()
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*batch b-1, which this run has already*"])


def test_what_is_consistent_opens(against: GateProject, datadog: FakeDatadog) -> None:
    Service().script(datadog)
    assert against.run().ret == 0


def test_a_state_that_is_not_final_is_waited_for(
    against: GateProject, datadog: FakeDatadog
) -> None:
    Service().script(datadog)
    ended = datadog.script["/ci/batch/b-1"]
    waiting = Service()
    waiting.status = "pending"
    waiting.entries = [entry(A, status="queued"), entry(B, status="pending")]
    waiting.script(datadog)
    first, second = datadog.script["/ci/batch/b-1"], Answer("<html>not now</html>")
    Service().script(datadog)
    datadog.script["/ci/batch/b-1"] = [*first, second, *ended]
    against.configuration(CONFIGURATION.replace("batch_timeout = 1", "batch_timeout = 30"))
    assert against.run().ret == 0


@pytest.mark.parametrize("key", ["y", "dis-cou-nts", "passed"])
def test_a_secret_that_is_a_part_of_an_identifier_ends_in_no_wait(
    any_mode: GateProject, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("DD_API_KEY", "x")
    monkeypatch.setenv("DD_APP_KEY", key)
    result = any_mode.run()
    assert result.ret == 0
    assert set(any_mode.report()["requirements"]) == {"dis-cou-nts", "hea-lth-chk"}  # type: ignore[call-overload]


def test_one_unknown_check_of_many_is_said_once(any_mode: GateProject) -> None:
    ids = ", ".join(f'"abc-def-{n:03}"' for n in range(100))
    text = (any_mode.path / "storedog.toml").read_text("utf-8")
    any_mode.configuration(text.replace('"dis-cou-nts", "hea-lth-chk"', ids))
    result = any_mode.run()
    assert result.ret == 8
    assert len(result.outlines) < 60
    assert str(result.stdout).count("does not know") == 1
    assert list(any_mode.junit().values()).count("error") == 101
