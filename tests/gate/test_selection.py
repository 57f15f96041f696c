"""What a run asks the service about its checks."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.datadog.calling.endpoint import Endpoint
from pytest_storedog_gate.datadog.client import SyntheticsClient
from pytest_storedog_gate.datadog.public_ids import CheckReference
from pytest_storedog_gate.errors import ConfigurationError, NoVerdict
from pytest_storedog_gate.gate.selection import Known, PlannedCheck, resolve
from pytest_storedog_gate.settings.requirements import Asked, Requirements
from tests.datadog.conftest import SimulatedTime
from tests.datadog.fake import Answer, FakeDatadog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import GateProject


def test_a_marked_test_and_a_triggered_check_ask_for_no_definition_again(
    project: GateProject,
) -> None:
    project.pytester.makeconftest(
        """
        from pytest_storedog_gate.datadog.client import SyntheticsClient
        original = SyntheticsClient.check
        def check(self, public_id):
            with open("asked", "a") as file:
                file.write(public_id + "\\n")
            return original(self, public_id)
        SyntheticsClient.check = check
        """
    )
    project.pytester.makepyfile(
        test_mine="""
        import pytest

        @pytest.mark.synthetics("hea-lth-chk")
        def test_marked(storedog_outcome, storedog_trigger):
            storedog_trigger("dis-cou-nts")
        """
    )
    assert project.run().ret == 0
    asked = (project.path / "asked").read_text("utf-8").split()
    assert sorted(asked) == ["dis-cou-nts", "hea-lth-chk"]


ID = "aaa-aaa-aaa"
TEST = {"public_id": ID, "name": "a", "type": "api", "subtype": "http", "locations": ["aws:x"]}
SUITE = {"data": {"attributes": {"tests": [{"public_id": ID}]}}}
NOT_FOUND = Answer({"errors": ["Not found"]}, 404)


@pytest.fixture
def datadog() -> Iterator[FakeDatadog]:
    fake = FakeDatadog()
    yield fake
    fake.close()


def resolved(datadog: FakeDatadog, time: SimulatedTime, *public_ids: str) -> list[PlannedCheck]:
    client = SyntheticsClient(Endpoint.of_url(datadog.url), None, time.clock)
    requirements = Requirements(Asked(checks=tuple(CheckReference(p) for p in public_ids)))
    try:
        return list(resolve(requirements, Known(client), {}))
    finally:
        client.close()


@pytest.mark.parametrize(
    ("script", "asked"),
    [
        ({f"/tests/{ID}": [Answer(TEST)]}, [f"tests/{ID}"]),
        (
            {f"/tests/{ID}": [NOT_FOUND, Answer(TEST)]},
            [f"tests/{ID}", f"suites/{ID}", f"tests/{ID}"],
        ),
        (
            {f"/tests/{ID}": [NOT_FOUND, Answer(TEST)], "/suites/sui-tes-uit": [Answer(SUITE)]},
            ["tests/sui-tes-uit", "suites/sui-tes-uit", f"tests/{ID}", f"tests/{ID}"],
        ),
    ],
    ids=["known", "a-lapse", "a-lapse-in-a-suite"],
)
def test_one_404_is_not_believed(
    datadog: FakeDatadog, script: dict[str, list[Answer]], asked: list[str]
) -> None:
    datadog.script, time = script, SimulatedTime()
    (planned,) = resolved(datadog, time, "sui-tes-uit" if len(script) > 1 else ID)
    assert planned.places == (("aws:x", ""),)
    assert [one.path.partition("/synthetics/")[2] for one in datadog.asked] == asked
    assert time.waits == ([] if len(asked) == 1 else [1.0])


def test_what_is_unknown_twice_is_unknown_and_waited_for_once(datadog: FakeDatadog) -> None:
    time = SimulatedTime()
    with pytest.raises(NoVerdict, match="does not know aaa-aaa-aaa, bbb-bbb-bbb: check"):
        resolved(datadog, time, ID, "bbb-bbb-bbb")
    assert (len(datadog.asked), time.waits) == (6, [1.0])


def test_run_that_is_cancelled_asks_no_more(datadog: FakeDatadog) -> None:
    time = SimulatedTime()
    time.cancelled = True
    with pytest.raises(NoVerdict, match="the run ended before"):
        resolved(datadog, time, ID)
    assert len(datadog.asked) == 2


@pytest.mark.parametrize(
    "odd", [{"options": ["x"]}, {"locations": "aws:x"}, {"options": {"device_ids": [1]}}]
)
def test_definition_of_a_file_that_cannot_be_read_is_named(odd: dict[str, Any]) -> None:
    requirements = Requirements(Asked(checks=(CheckReference(ID),), definitions={ID: TEST | odd}))
    client = SyntheticsClient(Endpoint.of_url("http://127.0.0.1:9"), None)
    with pytest.raises(ConfigurationError, match=f"the definition of {ID} in the test files"):
        resolve(requirements, Known(client), {})
    client.close()


@pytest.mark.parametrize(
    ("endpoint", "sent"),
    [
        (Endpoint.of_site("datadoghq.eu"), TEST),
        (Endpoint.of_url("http://127.0.0.1:9"), TEST | {"storedog": {"click_through": True}}),
    ],
    ids=["Datadog", "a service that may be ours"],
)
def test_datadog_is_not_sent_a_key_that_it_does_not_know(
    endpoint: Endpoint, sent: dict[str, Any]
) -> None:
    given = {ID: TEST | {"storedog": {"click_through": True}}}
    requirements = Requirements(Asked(checks=(CheckReference(ID),), definitions=given))
    client = SyntheticsClient(endpoint, None)
    (planned,) = resolve(requirements, Known(client), {})
    client.close()
    assert planned.payload["local_test_definition"] == sent


def test_nobody_waits_for_a_busy_service_after_a_ctrl_c(datadog: FakeDatadog) -> None:
    """Each of the calls that were refused waits for itself, in a thread of its own."""
    datadog.dynamic["-aaa"] = lambda: Answer(status=429, headers={"Retry-After": "20"})
    client = SyntheticsClient(Endpoint.of_url(datadog.url), None)
    main, began = threading.main_thread().ident or 0, time.monotonic()
    threading.Timer(0.5, signal.pthread_kill, [main, signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt):
        Known(client).checks([ID, "bbb-bbb-aaa"])
    assert time.monotonic() - began < 15
    client.close()
