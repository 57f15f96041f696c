"""URLs and hosts that can lead nowhere are told as what they are, and no name server is asked."""

from __future__ import annotations

import pytest

from pytest_storedog_gate.local_synthetics.failures import CheckFailed
from pytest_storedog_gate.local_synthetics.kinds.common.request_values import checked_url, host_of
from pytest_storedog_gate.local_synthetics.variables.variables import Variables

HOSTS = [
    "[bad", "bad]", "[::1", "]x", "[::1]x", "[1.2.3.4]", "[v1.x]", "[]", "a b", "a%20b", "a%zz",
    "%61", "a..b", ".a", "a.test..", "a<b>", "a\\b", "a^b", "a|b", "a\x7fb", "{{ x }}.test",
    f"{'a' * 64}.test", f"{'a.' * 130}test",
]  # fmt: skip
GOOD = [
    "a", "a.test", "a.test.", "A_b.test", "-a.test", "1.2.3.4", "[::1]", "b\u00fccher.test",
    "xn--bcher-kva.test", "a,b", "*.test",
]  # fmt: skip
PORTS = ["b", "99999", "0", "-1", "+1", "1.5", "80:80", " 1", "\u0663"]


def code_of(url: str) -> str:
    with pytest.raises(CheckFailed) as failed:
        checked_url(url, Variables({}))
    return failed.value.failure.code


@pytest.mark.parametrize("host", [*HOSTS, "xn--", "", "\u200ba", "256.1.1.1"])
@pytest.mark.parametrize("form", ["http://{}", "https://{}:80/a?b=c#d", "http://me:pw@{}/"])
def test_a_url_without_a_host(form: str, host: str) -> None:
    assert code_of(form.format(host)) == "INVALID_REQUEST"


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("host", ["a.test", "[::1]", "me:pw@a.test"])
def test_a_url_with_what_is_no_port(host: str, port: str) -> None:
    assert code_of(f"http://{host}:{port}/") == "INVALID_REQUEST"


@pytest.mark.parametrize(
    "url", ["", "a", "//a", "http:a", "http:/a", "http:///a", "a://b", ":", "?"]
)
def test_what_is_no_url(url: str) -> None:
    assert code_of(url) == "INVALID_REQUEST"


@pytest.mark.parametrize("host", [host for host in HOSTS if host != "[::1"])
def test_what_is_no_host(host: str) -> None:
    with pytest.raises(CheckFailed, match="is no host name or address"):
        host_of({"host": host}, Variables({}))


@pytest.mark.parametrize("host", GOOD)
def test_a_host_and_a_url_that_lead_somewhere(host: str) -> None:
    assert host_of({"host": host}, Variables({})) == host.strip("[]")
    for url in (f"http://{host}", f"http://me:p:w@{host}:8080/a//b?c=http://d:e@f:g/#[h"):
        assert checked_url(url, Variables({})).port == (8080 if "8080" in url else None)
