"""pytest-json-ctrf: steps, message and result of each check, in the file that it has written.

It takes no attachments, so its file is read and written once more.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.datadog.models import Status
from pytest_storedog_gate.reports import ctrf

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from pytest_storedog_gate.datadog.models import CheckOutcome
    from pytest_storedog_gate.secrets.masking import Masker


class Enriched:
    """Adds to the file once it is there; one that cannot be read or written stays as it is."""

    def __init__(
        self,
        path: str,
        known: Mapping[str, CheckOutcome],
        node_ids: Mapping[str, str],
        mask: Masker,
    ) -> None:
        """`known` has outcomes by public IDs, and `node_ids` public IDs by node IDs."""
        self._path, self._known, self._node_ids, self._mask = Path(path), known, node_ids, mask

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Generator[None]:
        """After pytest-json-ctrf has written it."""
        yield
        with suppress(OSError, ValueError, KeyError, TypeError):
            document = self._mask.document(json.loads(self._path.read_text()))
            for test in document["results"]["tests"]:
                outcome = self._known.get(self._node_ids.get(test["name"], ""))
                if outcome is not None and outcome.status is not Status.PASSED:
                    told = ctrf.of_check(outcome)
                    told["extra"] = {**test.get("extra", {}), **told["extra"]}
                    test.update(told)
            self._path.write_text(json.dumps(document, indent=4))
