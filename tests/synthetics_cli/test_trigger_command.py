"""`storedog-synthetics trigger`: a batch at a service, by its API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.local_synthetics.api.admission import Keys
from pytest_storedog_gate.synthetics_cli.command_line import main
from tests.local_synthetics.support.service import Service, Target, http_test, serving, targeting

if TYPE_CHECKING:
    from collections.abc import Iterator

KEYS = {"DD_API_KEY": "key-a", "DD_APP_KEY": "key-b"}
GOOD, BAD, REFUSED, ELSEWHERE = ("aaa-aaa-aaa", "bbb-bbb-bbb", "ccc-ccc-ccc", "ddd-ddd-ddd")


@pytest.fixture(scope="module")
def shop() -> Iterator[tuple[Target, Service]]:
    """A target, and a service that wants keys."""
    with targeting() as target:
        target.answer("/bad", status=500)
        tests = [
            {**http_test(target.url), "public_id": GOOD},
            {**http_test(f"{target.url}/bad"), "public_id": BAD},
            {**http_test(target.url, config={"assertions": []}), "public_id": REFUSED},
            {**http_test("http://127.0.0.1:1"), "public_id": ELSEWHERE},
        ]
        with serving(*tests, keys=Keys("key-a", "key-b")) as service:
            yield target, service


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DD_API_HOST_OVERRIDE", "DD_SITE", "DATADOG_SITE"):
        monkeypatch.delenv(name, raising=False)
    for name, key in KEYS.items():
        monkeypatch.setenv(name, key)


@pytest.mark.parametrize(
    ("public_ids", "status", "said"),
    [
        ([GOOD], 0, "1 passed"),
        ([GOOD, BAD, REFUSED], 1, "1 passed, 1 failed, 1 no verdict"),
        ([GOOD, REFUSED], 8, "1 passed, 1 no verdict"),
    ],
)
def test_the_exit_status_tells_the_outcome(
    shop: tuple[Target, Service],
    capsys: pytest.CaptureFixture[str],
    public_ids: list[str],
    status: int,
    said: str,
) -> None:
    assert main(["trigger", *public_ids, "--url", shop[1].url]) == status
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("batch ")
    assert lines[-1] == said
    shown = {line.split(" discounts:")[0].split()[-1] for line in lines if "discounts:" in line}
    assert shown == set(public_ids)


def test_the_address_of_the_check_can_be_given(shop: tuple[Target, Service]) -> None:
    target, service = shop
    options = ["--url", service.url, "--start-url", f"{target.url}/"]
    assert main(["trigger", ELSEWHERE, *options]) == 0


def test_the_address_of_the_service_may_be_in_the_environment(
    shop: tuple[Target, Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DD_API_HOST_OVERRIDE", shop[1].url)
    assert main(["trigger", GOOD]) == 0


def test_a_wrong_key_is_no_verdict(
    shop: tuple[Target, Service],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DD_API_KEY", "another")
    assert main(["trigger", GOOD, "--url", shop[1].url]) == 8
    shown = capsys.readouterr()
    assert shown.err.count("\n") == 1
    assert "403" in shown.err
    assert "another" not in shown.out + shown.err


def test_a_key_may_end_with_a_newline(
    shop: tuple[Target, Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the gate's own may: files and secret stores like to end with one."""
    monkeypatch.setenv("DD_API_KEY", "key-a\n")
    assert main(["trigger", GOOD, "--url", shop[1].url]) == 0


def test_an_unknown_test_triggers_nothing(
    shop: tuple[Target, Service], capsys: pytest.CaptureFixture[str]
) -> None:
    target, service = shop
    before = len(target.requests)
    assert main(["trigger", GOOD, "zzz-zzz-zzz", "--url", service.url]) == 4
    assert "has no test zzz-zzz-zzz" in capsys.readouterr().err
    assert len(target.requests) == before


def test_a_site_wants_keys(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DD_APP_KEY")
    monkeypatch.delenv("DATADOG_APP_KEY", raising=False)
    assert main(["trigger", GOOD]) == 4
    assert "DD_API_KEY and DD_APP_KEY" in capsys.readouterr().err


def test_an_id_that_is_none_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trigger", "checks.json", "--url", "http://127.0.0.1:1"]) == 4
    assert "'checks.json' is no public ID" in capsys.readouterr().err
