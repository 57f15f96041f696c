"""pytest-html: extras on the report of a check's test. It reads them on the controller alone."""

from __future__ import annotations

import base64
from html import escape
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_storedog_gate.pytest_side.source import Showing
    from pytest_storedog_gate.reports.attachments import Attachments
    from pytest_storedog_gate.secrets.masking import Masker


class Extras:
    """Adds the evidence, and masks what the project's own tests have added.

    The form of an extra is that of `pytest_html.extras`.
    """

    def __init__(self, source: Showing, node_ids: Mapping[str, str], mask: Masker) -> None:
        """`node_ids` maps node IDs to public IDs; it may still grow."""
        self._source, self._node_ids, self._mask = source, node_ids, mask

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Before pytest-html reads the report."""
        extras = [self._masked(extra) for extra in getattr(report, "extras", [])]
        public_id = self._node_ids.get(report.nodeid)
        if public_id is not None and report.outcome != "passed":
            found = self._source.attachments(public_id)
            extras += _extras(found) if found else []
        if extras:
            report.extras = extras  # type: ignore[attr-defined]

    def _masked(self, extra: dict[str, Any]) -> dict[str, Any]:
        # What is in a picture no mask finds.
        seen = extra.get("format_type") in ("image", "video")
        return extra if seen else {**extra, "content": self._mask.document(extra.get("content"))}


def _extras(found: Attachments) -> Iterator[dict[str, Any]]:
    yield _extra("text", "evidence", found.text, "text/plain", "txt")
    for title, url in found.links.items():
        # It is written into the page as it is.
        yield _extra("url", title, escape(url), None, None)
    for title, jpeg in found.pictures.items():
        yield _extra("image", title, base64.b64encode(jpeg).decode(), "image/jpeg", "jpg")


def _extra(
    kind: str, name: str, content: str, mime: str | None, ending: str | None
) -> dict[str, Any]:
    return {
        "format_type": kind,
        "name": name,
        "content": content,
        "mime_type": mime,
        "extension": ending,
    }
