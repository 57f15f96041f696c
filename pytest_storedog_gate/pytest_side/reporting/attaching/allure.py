"""allure-pytest: attachments and links of a check's test, in the process that runs it.

Each process writes files of its own there, also xdist's workers, before the controller hears of a
report: so the secrets go here, too.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.errors import GateError
from pytest_storedog_gate.outlets.plain_text import encodable
from pytest_storedog_gate.pytest_side.asking import OUTCOME

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_storedog_gate.pytest_side.source import Showing

# By these allure finds what belongs together.
_IDENTIFIERS = {"uuid", "source", "historyId", "testCaseId", "children", "type", "status"}


def register(config: pytest.Config, source: Showing) -> None:
    """Listens to allure-pytest where it writes a report."""
    if not config.getoption("allure_report_dir", None):
        return
    import allure_commons  # noqa: PLC0415  # it is there, as its option is

    class Written:
        """What allure is about to write: without secrets, and in UTF-8."""

        @allure_commons.hookimpl(tryfirst=True)
        def report_result(self, result: Any) -> None:
            _clean(result, source)

        @allure_commons.hookimpl(tryfirst=True)
        def report_container(self, container: Any) -> None:
            _clean(container, source)

    written = Written()
    allure_commons.plugin_manager.register(written)
    config.add_cleanup(lambda: allure_commons.plugin_manager.unregister(written))
    config.pluginmanager.register(_Attaching(source), "storedog-gate-allure")


class _Attaching:
    def __init__(self, source: Showing) -> None:
        self._source = source

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Before allure takes the captured output out of the report."""
        report = yield
        texts = _masked([text for _, text in report.sections], self._source)
        report.sections = [
            (name, text) for (name, _), text in zip(report.sections, texts, strict=True)
        ]
        outcome = item.stash.get(OUTCOME, None)
        if outcome is not None and report.outcome != "passed" and report.when != "teardown":
            with suppress(GateError, OSError):  # an attachment decides nothing
                self._attach(outcome.public_id)
        return report

    def _attach(self, public_id: str) -> None:
        import allure  # noqa: PLC0415

        found = self._source.attachments(public_id)
        if found is None:
            return
        allure.attach(found.text, "evidence", allure.attachment_type.TEXT)
        for title, jpeg in found.pictures.items():
            allure.attach(jpeg, title, allure.attachment_type.JPG)
        for title, url in found.links.items():
            allure.dynamic.link(url, name=title)  # type: ignore[no-untyped-call]


def _clean(node: Any, source: Showing) -> Any:
    """Masks each text of allure's document in its place, and returns the document."""
    if isinstance(node, str):
        return _masked([node], source)[0]
    if isinstance(node, list):
        node[:] = [_clean(one, source) for one in node]
    elif hasattr(node, "__attrs_attrs__"):
        for name, value in vars(node).items():
            if name not in _IDENTIFIERS:
                setattr(node, name, _clean(value, source))
    return node


def _masked(texts: list[str], source: Showing) -> list[str]:
    try:
        return [encodable(text, "utf-8") for text in source.masked(texts)]
    except GateError:  # the controller is gone, and with it what it knew of secrets
        return ["(not shown: the run has ended)"] * len(texts)
