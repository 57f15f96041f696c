"""Extracted values: what a step of a multistep test takes from its answer for later steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.local_synthetics.assertions.assertion import (
    NoValue,
    document_in,
    uncompilable,
)
from pytest_storedog_gate.local_synthetics.assertions.json_path import compile_path, select
from pytest_storedog_gate.local_synthetics.assertions.operators import as_text
from pytest_storedog_gate.local_synthetics.assertions.xpath import compile_xpath, select_xpath
from pytest_storedog_gate.local_synthetics.javascript.regular_expressions import (
    MatchTimeout,
    compile_javascript,
)
from pytest_storedog_gate.local_synthetics.variables.variables import unusable_name
from pytest_storedog_gate.secrets.masking import LONGEST_SECRET

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

_COMPILE: Mapping[str, Callable[[str], Any]] = {
    "json_path": compile_path,
    "regex": compile_javascript,
    "x_path": compile_xpath,
}


Source = Callable[[str, str], str]
"""Gives the text of one part of an answer. Raises NoValue.

By a `type` of an extracted value (`http_body`, say), and the name of the header or the metadata.
"""


def unsupported_extraction(wanted: Any, extractable: Mapping[str, bool]) -> list[str]:
    """Name what in a step's `extractedValues` could not be extracted from its kind of answer.

    `extractable`: see `Kind`.
    """
    if not isinstance(wanted, list) or not all(isinstance(one, dict) for one in wanted):
        return ["extractedValues must be a list of objects"]
    return [
        f"extractedValues[{index}]: {problem}"
        for index, one in enumerate(wanted)
        for problem in _unsupported(one, extractable)
    ]


def _unsupported(wanted: Json, extractable: Mapping[str, bool]) -> list[str]:
    problems = []
    if isinstance(wanted.get("name"), str):
        problems += unusable_name(wanted["name"])
    else:
        problems.append("name must be a string")
    if not isinstance(wanted.get("secure", False), bool):
        problems.append("secure must be true or false")
    kind = str(wanted.get("type"))
    if kind not in extractable:
        problems.append(f"type {kind!r} is not supported in such a step")
    if extractable.get(kind) and not isinstance(wanted.get("field"), str):
        problems.append(f"field must name what {kind} takes")
    return problems + _unsupported_parser(wanted.get("parser"))


def _unsupported_parser(parser: Any) -> list[str]:
    if not isinstance(parser, dict):
        return ["parser must be an object"]
    kind, value = str(parser.get("type")), parser.get("value")
    if kind == "raw":
        return []
    if kind not in _COMPILE:
        return [f"parser type {kind!r} is not supported"]
    if not isinstance(value, str):
        return ["parser.value must be a string"]
    return uncompilable(value, _COMPILE[kind])


def extract_all(wanted: list[Json], source: Source, variables: Variables) -> list[Json]:
    """Give `variables` each value; the answers are v2 variables of a result.

    The reason why a value does not come about is in `variables.lost`. Raises InvalidTest.
    """
    return [_extract(one, source, variables) for one in wanted]


def _extract(wanted: Json, source: Source, variables: Variables) -> Json:
    name, secure = wanted["name"], bool(wanted.get("secure"))
    try:
        value = _value(wanted, source, variables)
    except (NoValue, ValueError, MatchTimeout) as error:
        variables.lost[name] = str(error)
        return {"name": name, "secure": secure, "err": str(error)}
    variables.gain(name, value, secure=secure)
    return {"name": name, "secure": secure, "val": value}


def _value(wanted: Json, source: Source, variables: Variables) -> str:
    text = source(wanted["type"], variables.fill(wanted.get("field") or ""))
    value = _parsed(wanted["parser"], text, variables)
    if wanted.get("secure") and len(value) > LONGEST_SECRET:
        # To look for it in every text would hold up the service.
        raise NoValue(f"it is over {LONGEST_SECRET} characters, and secure")
    return value


def _parsed(parser: Json, text: str, variables: Variables) -> str:
    if parser["type"] == "raw":
        return text
    rule = variables.fill(parser["value"])
    if parser["type"] == "regex":
        found = compile_javascript(rule).extracted_from(text)
        if found is None:
            raise NoValue(f"regular expression {rule!r} matches nothing, or its first group does")
        return found
    if parser["type"] == "x_path":
        elements = select_xpath(rule, text)
    else:
        elements = select(rule, document_in(text, "answer"))
    if not elements:
        raise NoValue(f"{rule!r} selects nothing")
    return as_text(elements[0])
