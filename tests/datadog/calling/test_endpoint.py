"""Which hosts a site has, and which addresses can be asked."""

from __future__ import annotations

import pytest

from pytest_storedog_gate.datadog.calling.endpoint import SITES, Endpoint, known_site
from pytest_storedog_gate.errors import ConfigurationError


@pytest.mark.parametrize(
    ("site", "intake", "app"),
    [
        ("datadoghq.com", "https://intake.synthetics.datadoghq.com", "https://app.datadoghq.com"),
        ("datadoghq.eu", "https://api.datadoghq.eu", "https://app.datadoghq.eu"),
        ("us5.datadoghq.com", "https://api.us5.datadoghq.com", "https://us5.datadoghq.com"),
    ],
)
def test_hosts_of_a_site(site: str, intake: str, app: str) -> None:
    endpoint = Endpoint.of_site(site)
    assert (endpoint.api, endpoint.intake, endpoint.app) == (f"https://api.{site}", intake, app)


@pytest.mark.parametrize(
    ("site", "app"),
    [("datadoghq.com", "acme.datadoghq.com"), ("us5.datadoghq.com", "acme.datadoghq.com")],
)
def test_pages_of_an_organisation_with_a_subdomain(site: str, app: str) -> None:
    assert Endpoint.of_site(site, "acme").app == f"https://{app}"


@pytest.mark.parametrize("url", ["localhost:80", "ftp://a", "http://", "http://a:b", "http://a:0"])
def test_address_that_cannot_be_asked(url: str) -> None:
    with pytest.raises(ConfigurationError, match="is no address of Synthetics"):
        Endpoint.of_url(url)


def test_password_in_an_address_does_not_show() -> None:
    endpoint = Endpoint.of_url("http://user:pass-word@127.0.0.1:8080/")
    assert endpoint.name == "http://127.0.0.1:8080"
    assert endpoint.api == "http://user:pass-word@127.0.0.1:8080"


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:1", True),
        ("http://[::1]:1", True),
        ("http://localhost", True),
        ("https://api.datadoghq.com", False),
    ],
)
def test_no_proxy_leads_to_this_machine(url: str, here: bool) -> None:
    assert Endpoint.of_url(url).is_here is here


def test_unknown_site_is_refused_unless_told_otherwise() -> None:
    with pytest.raises(ConfigurationError, match="is no Datadog site"):
        known_site("datadog.com", {})
    assert known_site("datadog.com", {"DD_CI_BYPASS_SITE_VALIDATION": "1"}) == "datadog.com"
    assert known_site("DATADOGHQ.eu", {}) == "datadoghq.eu"


@pytest.mark.parametrize("site", SITES)
def test_every_site_is_known_and_only_the_first_has_an_intake_of_its_own(site: str) -> None:
    endpoint = Endpoint.of_site(known_site(site, {}))
    assert endpoint.api == f"https://api.{site}"
    assert (endpoint.intake != endpoint.api) is (site == "datadoghq.com")
    assert endpoint.name == f"site {site}"


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://127.0.0.1:8080/"])
def test_one_address_is_for_every_call(url: str) -> None:
    endpoint = Endpoint.of_url(url)
    assert {endpoint.api, endpoint.intake, endpoint.app, endpoint.name} == {"http://127.0.0.1:8080"}


def test_subdomain_app_is_no_organisation() -> None:
    assert Endpoint.of_site("us3.datadoghq.com", "app") == Endpoint.of_site("us3.datadoghq.com")


@pytest.mark.parametrize(
    "url", ["ftp://user:pass-word@host", "http://user:pass-word@", "http://user:pass-word#@h:0"]
)
def test_password_does_not_show_in_a_refusal(url: str) -> None:
    with pytest.raises(ConfigurationError, match="write it like") as caught:
        Endpoint.of_url(url)
    assert "pass-word" not in str(caught.value)


@pytest.mark.parametrize("site", ["", "datadoghq", "https://datadoghq.com", "evil.datadoghq.com"])
def test_refusal_of_a_site_tells_what_was_said_and_what_is_known(site: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        known_site(site, {})
    said = str(caught.value)
    assert said.startswith(repr(site))
    assert "us5.datadoghq.com" in said
    assert "\n" not in said
