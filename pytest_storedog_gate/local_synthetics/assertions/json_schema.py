"""JSON Schema, drafts 06 and 07, without what could hold up the service or reach outside of it.

Patterns are JavaScript's and have a limit of time. A `$ref` finds only what the schema holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import jsonschema
from jsonschema import validators
from jsonschema.exceptions import SchemaError, ValidationError
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT7

from pytest_storedog_gate.local_synthetics.assertions.json_schema_proof import (
    check_keywords,
    restricts,
    subschemas,
)
from pytest_storedog_gate.local_synthetics.assertions.time_limit import (
    OutOfTime,
    check_time,
    limited,
)
from pytest_storedog_gate.local_synthetics.javascript.regular_expressions import (
    MatchTimeout,
    compile_javascript,
)
from pytest_storedog_gate.reading import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LARGEST = 100_000  # characters of a schema
_LIMIT = 5.0  # s of CPU time for one document
_PROOF_LIMIT = 1.0  # the same for the proof that not everything fits
_OFFSET = r"(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)"
_TIME = rf"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?{_OFFSET}"
_DATE = r"\d{4}-\d\d-\d\d"
_LABEL = r"(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOSTNAME = rf"{_LABEL}(?:\.{_LABEL})*"
_ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
_FORMS = {
    "email": rf"{_ATOM}(?:\.{_ATOM})*@{_HOSTNAME}",
    "hostname": _HOSTNAME,
    "time": _TIME,
    "uri": r"[A-Za-z][A-Za-z0-9+.-]*:(?:[\w.~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+",
    "uuid": r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
}
_FORMS_OF_DAYS = {"date": _DATE, "date-time": rf"{_DATE}[Tt ]{_TIME}"}
_FORMATS = jsonschema.FormatChecker(formats=("ipv4", "ipv6"))
_NO_FORMATS = jsonschema.FormatChecker(formats=())


@dataclass(frozen=True)
class Schema:
    """A compiled schema."""

    _validator: Any

    def why_not(self, document: Any) -> str:
        """Why the document does not fit, or "". It names places and rules, no values."""
        try:
            with limited(_LIMIT):
                error = jsonschema.exceptions.best_match(self._validator.iter_errors(document))
        except OutOfTime as out:
            return f"the JSON Schema {out}"
        except MatchTimeout as timeout:
            return str(timeout)
        except Unresolvable as missing:
            return f"the schema's $ref {missing.ref!r} finds nothing"
        except RecursionError:
            return "the document is nested too deeply for the schema"
        if error is None:
            return ""
        rule = "/".join(str(part) for part in error.absolute_schema_path)
        return f"{error.json_path} does not fit the schema's {rule}"


@lru_cache(maxsize=64)
def compile_schema(text: str, meta_schema: str | None) -> Schema:
    """Compile a schema; without `meta_schema` it is draft-07. Raises ValueError with a sentence."""
    if meta_schema not in {None, "draft-07", "draft-06"}:
        raise ValueError(f"metaSchema {meta_schema!r} is not supported: draft-07 and draft-06 are")
    if len(text) > _LARGEST:
        raise ValueError(f"the JSON Schema is over {_LARGEST} characters")
    try:
        schema = json_text.loads(text)
    except ValueError as error:
        raise ValueError(f"the JSON Schema is not JSON: {error}") from None
    kind = _DRAFTS[meta_schema or "draft-07"]
    try:
        kind.check_schema(schema, format_checker=_NO_FORMATS)  # its patterns would be Python's
        _check(schema)
        check_keywords(schema, kind.META_SCHEMA["properties"])
        with limited(_PROOF_LIMIT):
            proves = restricts(schema, schema)
        if not proves:
            raise ValueError("the JSON Schema fits everything: nothing would be proved")
    except SchemaError as error:
        raise ValueError(f"the JSON Schema is not valid: {error.message}") from None
    except RecursionError:
        raise ValueError("the JSON Schema is nested too deeply") from None
    except OutOfTime as out:
        raise ValueError(f"to see what the JSON Schema asks for {out}") from None
    return Schema(kind(schema, registry=Registry(), format_checker=_FORMATS))


def _check(schema: Any) -> None:
    """Refuse what could not be followed in a valid schema: patterns, formats and references."""
    # Both drafts find a reference in the same way.
    resolver = Registry().resolver_with_root(DRAFT7.create_resource(schema))
    parts = list(subschemas(schema))
    schemas = {id(part) for part in parts}
    for part in parts:
        for pattern in (*filter(None, [part.get("pattern")]), *part.get("patternProperties", ())):
            compile_javascript(pattern)
        if "format" in part and part["format"] not in _FORMATS.checkers:
            raise ValueError(f"JSON Schema: format {part['format']!r} is not supported")
        if "$ref" not in part:
            continue
        reference = part["$ref"]
        if not reference.startswith("#"):
            raise ValueError(f"JSON Schema: $ref {reference!r} must start with #")
        try:
            found = resolver.lookup(reference).contents
        except Unresolvable:
            raise ValueError(f"JSON Schema: $ref {reference!r} finds nothing") from None
        if id(found) not in schemas and not isinstance(found, bool):
            raise ValueError(f"JSON Schema: $ref {reference!r} finds what is no schema")


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[Any]:
    if isinstance(instance, str) and not compile_javascript(pattern).found_in(instance):
        yield ValidationError("does not match")


def _pattern_properties(
    validator: Any, patterns: Mapping[str, Any], instance: Any, _schema: Any
) -> Iterator[Any]:
    if not isinstance(instance, dict):
        return
    for pattern, rule in patterns.items():
        compiled = compile_javascript(pattern)
        for name, value in instance.items():
            if compiled.found_in(name):
                yield from validator.descend(value, rule, path=name, schema_path=pattern)


def _additional_properties(
    validator: Any, rule: Any, instance: Any, schema: Mapping[str, Any]
) -> Iterator[Any]:
    if not isinstance(instance, dict):
        return
    named = schema.get("properties", {})
    patterns = [compile_javascript(one) for one in schema.get("patternProperties", {})]
    for name, value in instance.items():
        if name not in named and not any(pattern.found_in(name) for pattern in patterns):
            yield from validator.descend(value, rule, path=name)


_RULES = {
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
}


def _extended(kind: Any) -> Any:
    """The draft with our rules, each of which sees to the time."""

    def in_time(rule: Any) -> Any:
        def followed(*parts: Any) -> Any:
            check_time()
            return rule(*parts)

        return followed

    rules = {name: in_time(rule) for name, rule in (kind.VALIDATORS | _RULES).items()}
    extended, words = _extend(kind, rules), kind.META_SCHEMA["properties"]
    # People use the word of later drafts as well.
    words = {**words, "$defs": words["definitions"]}
    extended.META_SCHEMA = {**kind.META_SCHEMA, "properties": words}
    return extended


_extend: Any = validators.extend  # it has no types
_DRAFTS: Mapping[str, Any] = {
    "draft-07": _extended(jsonschema.Draft7Validator),
    "draft-06": _extended(jsonschema.Draft6Validator),
}


def _has_form(form: str, value: object) -> bool:
    return not isinstance(value, str) or re.fullmatch(form, value, re.ASCII) is not None


def _has_day(form: str, value: object) -> bool:
    """Whether it has a form that begins with a day, and there is such a day."""
    if isinstance(value, str) and _has_form(form, value):
        date.fromisoformat(value[:10])
    return _has_form(form, value)


for _name, _form in _FORMS.items():
    _FORMATS.checks(_name)(partial(_has_form, _form))
for _name, _form in _FORMS_OF_DAYS.items():
    _FORMATS.checks(_name, raises=ValueError)(partial(_has_day, _form))


_FORMATS.checks("regex", raises=ValueError)(
    lambda value: not isinstance(value, str) or bool(compile_javascript(value))
)
