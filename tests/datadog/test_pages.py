"""Many definitions are read in pages of all that the service has."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_storedog_gate.datadog.calling.endpoint import Endpoint
from pytest_storedog_gate.datadog.client import PAGE, SyntheticsClient
from pytest_storedog_gate.datadog.models import Check
from pytest_storedog_gate.gate.selection import FEW, Known
from tests.datadog.fake import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.datadog.fake import FakeDatadog


def public_id(number: int) -> str:
    return f"abc-{number // 1000:03}-{number % 1000:03}"


def test_object(one: str, **more: Any) -> dict[str, Any]:
    test = {"public_id": one, "name": one, "type": "api", "subtype": "http"}
    return {**test, "locations": ["aws:x"], **more}


test_object.__test__ = False  # type: ignore[attr-defined]


class Account(SyntheticsClient):
    """An account with so many tests. Sends nothing."""

    def __init__(self, tests: Iterable[str], *, shown: int = PAGE) -> None:
        super().__init__(Endpoint.of_url("http://127.0.0.1:9"), None)
        self.tests = list(tests)
        self.shown = shown
        self.pages: list[int] = []
        self.singles: list[str] = []

    def page(self, number: int) -> tuple[Check, ...]:
        self.pages.append(number)
        begin = number * PAGE
        page = self.tests[begin : begin + PAGE][: self.shown]
        return tuple(Check.from_json(test_object(one)) for one in page)

    def check(self, public_id: str) -> Check | None:
        self.singles.append(public_id)
        return Check.from_json(test_object(public_id)) if public_id in self.tests else None


def asked(account: Account, wanted: Iterable[str]) -> dict[str, Check | None]:
    found = Known(account).checks(wanted)
    account.close()
    return found


@given(
    size=st.integers(0, 2500),
    wanted=st.lists(st.integers(0, 2600), max_size=120, unique=True),
    shown=st.sampled_from([PAGE, PAGE - 1, 10, 0]),
)
def test_pages_and_single_reads_find_the_same(size: int, wanted: list[int], shown: int) -> None:
    account = Account(map(public_id, range(size)), shown=shown)
    found = asked(account, map(public_id, wanted))
    assert list(found) == [public_id(number) for number in wanted]
    for number in wanted:
        check = found[public_id(number)]
        assert (check.public_id if check else None) == (
            public_id(number) if number < size else None
        )
    assert len(account.singles) == len(set(account.singles))
    # A page may be in vain, though not many.
    assert len(account.pages) <= len(wanted) / 5
    if len(wanted) <= FEW:
        assert account.pages == []


@pytest.mark.parametrize("number", [10, 100, 1000, 10_000])
def test_an_account_that_has_no_other_tests_is_read_in_as_many_pages_as_it_has(number: int) -> None:
    ids = [public_id(n) for n in range(number)]
    account = Account(ids)
    assert set(asked(account, ids)) == set(ids)
    assert len(account.pages) == math.ceil(number / PAGE)
    assert account.singles == []


def test_each_is_asked_for_once_a_run() -> None:
    account = Account(map(public_id, range(50)))
    known = Known(account)
    first = known.checks(map(public_id, range(20)))
    assert known.checks(map(public_id, range(20))) == first
    assert known.checks([public_id(60)]) == known.checks([public_id(60)]) == {public_id(60): None}
    account.close()
    assert account.pages == [0]
    assert account.singles == [public_id(60)]


def test_what_cannot_be_read_of_a_page_is_asked_for_by_itself(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    ids = [public_id(number) for number in range(10)]
    page = [test_object(one) for one in ids]
    page[3] = test_object(ids[3], options=["odd"])
    page[4] = {"name": "without an ID"}
    page[5] = test_object(ids[5], locations=[])
    page[6] = test_object(ids[6], type="browser")
    page[7] = test_object(ids[7], type="mobile")
    page[8] = test_object(ids[8], type=None)
    page[9] = test_object(ids[9], subtype=None)
    datadog.script = {f"/tests/{one}": [Answer(test_object(one))] for one in ids}
    datadog.script["/synthetics/tests"] = [Answer({"tests": [*page, None, 7, "x"]})]
    found = Known(client).checks(ids)
    assert [check.public_id for check in found.values() if check] == ids
    assert client.calls == 8


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 501])
def test_a_service_without_a_list_is_asked_for_each(
    client: SyntheticsClient, datadog: FakeDatadog, status: int
) -> None:
    ids = [public_id(number) for number in range(10)]
    datadog.script = {f"/tests/{one}": [Answer(test_object(one))] for one in ids}
    datadog.script["/synthetics/tests"] = [Answer({"errors": ["no list here"]}, status)]
    assert all(Known(client).checks(ids).values())
    assert client.calls == 11


def test_a_test_that_a_page_names_otherwise_is_not_the_one(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    """What a page holds beside those that are wanted is nobody's."""
    ids = [public_id(number) for number in range(10)]
    datadog.script = {"/synthetics/tests": [Answer({"tests": [test_object(f"x{i}") for i in ids]})]}
    assert list(Known(client).checks(ids).values()) == [None] * 10


def test_what_two_pages_tell_otherwise_is_asked_for_by_itself(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    """A page that has moved meanwhile repeats a test, maybe as it was before."""
    ids = [public_id(number) for number in range(2 * PAGE)]
    others = [test_object(one) for one in ids[2:]]
    moved = [test_object(ids[0], locations=["aws:x", "aws:y"]), test_object(ids[1])]
    datadog.script = {f"/tests/{one}": [Answer(moved[0])] for one in ids}
    datadog.script["/synthetics/tests"] = [
        Answer({"tests": [*page, *others[start : start + PAGE - 2]]})
        for start, page in ((0, moved), (PAGE, [test_object(ids[0]), moved[1]]))
    ]
    found = Known(client).checks(ids[:PAGE] + ids[PAGE + 2 :])
    assert [len(check.locations) for check in found.values() if check][:2] == [2, 1]


def test_what_is_known_of_a_check_is_not_read_again_in_a_page() -> None:
    """A run that resolves again must miss the same places as before."""
    account = Account(map(public_id, range(50)), shown=0)
    known = Known(account)
    ids = [public_id(number) for number in range(10)]
    known.checks(ids)
    account.shown, account.pages = PAGE, []
    known.checks([*ids, *map(public_id, range(10, 15))])
    account.close()
    assert account.pages == []
    assert len(account.singles) == 15
