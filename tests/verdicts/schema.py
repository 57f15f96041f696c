"""The published schema of a record, and what in a report departs from it."""

from __future__ import annotations

import json
from typing import Any

from jsonschema import Draft202012Validator

from pytest_storedog_gate.verdicts import promotion

TEXT_OF_SCHEMA: dict[str, Any] = json.loads(promotion.SCHEMA.read_bytes())
SCHEMA = Draft202012Validator(TEXT_OF_SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)


def faults(report: object) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in SCHEMA.iter_errors(report)]
