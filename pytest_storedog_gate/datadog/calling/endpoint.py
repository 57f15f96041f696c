"""Where Synthetics answers: Datadog's sites and their hosts, or one address for everything."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from pytest_storedog_gate.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

# https://docs.datadoghq.com/getting_started/site/
SITES = (
    "datadoghq.com",
    "us3.datadoghq.com",
    "us5.datadoghq.com",
    "datadoghq.eu",
    "ap1.datadoghq.com",
    "ap2.datadoghq.com",
    "uk1.datadoghq.com",
    "ddog-gov.com",
    "us2.ddog-gov.com",
)
SITE_VARIABLES = ("DD_SITE", "DATADOG_SITE")
URL_VARIABLE = "DD_API_HOST_OVERRIDE"
US1 = "datadoghq.com"
# Only these have an intake host of their own; datadog-ci does the same.
_INTAKE_SITES = ("datadoghq.com", "datad0g.com")


@dataclass(frozen=True)
class Endpoint:
    """`api` is asked, `intake` is triggered, `app` has the pages for people; `name` is shown.

    `is_datadog`: it is one of Datadog's own sites, and no service that may be ours. `evidence`
    is the page that the run itself writes, of a service that ends with the run and has no page for
    people then; it is empty where the run writes none.
    """

    api: str
    intake: str
    app: str
    name: str
    is_datadog: bool = False
    evidence: str | None = None

    def batch_page(self, batch_id: str) -> str:
        """Where people see a batch; empty if nowhere."""
        if self.evidence is not None:
            return self.evidence
        return f"{self.app}/synthetics/explorer/ci?batchResultId={batch_id}"

    def result_page(self, public_id: str, result_id: str, batch_id: str, *, browser: bool) -> str:
        """Where people see a result of a check; empty if nowhere."""
        if self.evidence is not None:
            return self.evidence and f"{self.evidence}#result-{result_id}"
        details = f"{self.app}/synthetics/details/{public_id}"
        suffix = f"batch_id={batch_id}&from_ci=true"
        if browser:
            return f"{details}/result/{result_id}?{suffix}"
        return f"{details}?resultId={result_id}&{suffix}"

    @classmethod
    def of_site(cls, site: str, subdomain: str | None = None) -> Endpoint:
        """The hosts of one Datadog site; a `subdomain` is an organisation's own, for its pages."""
        api = f"https://api.{site}"
        intake = f"https://intake.synthetics.{site}" if site in _INTAKE_SITES else api
        has_region = site.count(".") > 1
        if subdomain in (None, "app"):
            app = site if has_region else f"app.{site}"
        else:
            # datadog-ci leaves the region out as well: the subdomain tells Datadog which it is.
            app = f"{subdomain}.{site.partition('.')[2] if has_region else site}"
        return cls(api, intake, f"https://{app}", f"site {site}", is_datadog=True)

    @classmethod
    def of_url(cls, url: str) -> Endpoint:
        """One address for every call, as DD_API_HOST_OVERRIDE means it.

        ConfigurationError where `url` is no address that can be asked.
        """
        try:
            parts = urlsplit(url)
            usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            # What stands before an @ may be a password, wherever the address is wrong.
            told = f"…@{url.rpartition('@')[2]}" if "@" in url else url
            raise ConfigurationError(
                f"{told!r} is no address of Synthetics; write it like https://HOST or "
                "http://127.0.0.1:PORT"
            )
        # Credentials in an address are for the server alone.
        shown = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])).rstrip("/")
        url = url.rstrip("/")
        return cls(url, url, shown, shown)

    @property
    def is_here(self) -> bool:
        """Whether it is on this machine, where no proxy leads."""
        host = urlsplit(self.api).hostname or ""
        try:
            return host == "localhost" or ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False


def known_site(site: str, environ: Mapping[str, str] = os.environ) -> str:
    """The site in lower case; ConfigurationError where Datadog has none of that name.

    As in datadog-ci, every name will do where DD_CI_BYPASS_SITE_VALIDATION is set.
    """
    if site.lower() not in SITES and not environ.get("DD_CI_BYPASS_SITE_VALIDATION"):
        raise ConfigurationError(
            f"{site!r} is no Datadog site; known: {', '.join(SITES)} (set "
            "DD_CI_BYPASS_SITE_VALIDATION for another one)"
        )
    return site.lower()
