"""The JSON Schema of definitions, and those that the real API returned."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jsonschema
import pytest

from pytest_storedog_gate.local_synthetics.definitions.schema import schema
from tests.published.data import PUBLISHED

if TYPE_CHECKING:
    from pathlib import Path

VALIDATOR = jsonschema.Draft202012Validator(schema())


@pytest.mark.parametrize("path", sorted(PUBLISHED.glob("definitions/*.json")), ids=lambda p: p.stem)
def test_a_real_definition_is_valid(path: Path) -> None:
    VALIDATOR.validate(json.loads(path.read_text("utf-8")))
