"""The command line that asks what a check has asked."""

from __future__ import annotations

import pytest

from pytest_storedog_gate.reports.failure_text import curl

URL = "http://shop.test/discount"


@pytest.mark.parametrize(
    "request_", ["", "GET /", [1], [], 7, 1e400, True, None, {}, {"url": [URL]}]
)
def test_what_is_no_http_request_has_none(request_: object) -> None:
    assert curl(request_) is None


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, ""),
        ({"method": 7, "headers": "none", "body": {"a": 1}}, "-X 7 "),
        ({"headers": {"X-A": 1, "X-B": None, "X-C": ["a", {}]}},
         "-H 'X-A: 1' -H 'X-B: None' -H 'X-C: ['\"'\"'a'\"'\"', {}]' "),
        ({"headers": {"X-A": "\x1b]0;it's\n"}}, r"-H $'X-A: \x1b]0;it\'s\n' "),
        ({"method": "post", "body": "@/etc/passwd"}, "-X POST --data-raw @/etc/passwd "),
        ({"method": "put", "body": '{\n\t"a": 1\n}'}, r"""-X PUT --data-raw $'{\n\t"a": 1\n}' """),
        ({"headers": {"X-Api-Key": "\x07"}}, "-H 'X-Api-Key: ********' "),
    ],
)  # fmt: skip
def test_a_request_of_odd_parts_is_a_line(more: dict[str, object], words: str) -> None:
    assert curl({"url": URL, **more}) == f"curl -i {words}{URL}"


def test_a_long_one_is_left_out() -> None:
    assert curl({"url": URL, "headers": {"X-A": "a" * 2000}}) is None
