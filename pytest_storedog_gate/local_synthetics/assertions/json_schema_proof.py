"""Whether a JSON Schema proves anything: no word is passed over, and not everything fits it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from referencing import Registry
from referencing.jsonschema import DRAFT7

from pytest_storedog_gate.local_synthetics.assertions.time_limit import check_time
from pytest_storedog_gate.reading.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

# Keys that ask nothing of a document.
_REMARKS = frozenset({
    "$id", "$schema", "$comment", "$defs", "definitions", "title", "description", "default",
    "examples", "example", "deprecated", "readOnly", "writeOnly", "contentMediaType",
    "contentEncoding",
})  # fmt: skip
_BY_NAME = frozenset({"$defs", "definitions", "properties", "patternProperties", "dependencies"})
_INNER = frozenset({
    "items", "additionalItems", "contains", "additionalProperties", "propertyNames", "if", "then",
    "else", "allOf", "anyOf", "oneOf", "not",
})  # fmt: skip


def check_keywords(schema: Any, known: Iterable[str]) -> None:
    """Refuse what is no keyword of the draft, and what stands beside a `$ref`, which hides it.

    Raises ValueError with a sentence.
    """
    for part in subschemas(schema):
        for key in (one for one in part if one not in _REMARKS):
            if key not in known and not key.startswith("x-"):
                meant = nearest(key, known)
                hint = f"; did you mean {meant}?" if meant else ""
                raise ValueError(f"JSON Schema: there is no keyword {key!r} in this draft{hint}")
            if "$ref" in part and key != "$ref":
                raise ValueError(f"JSON Schema: {key!r} beside $ref is not looked at: use allOf")


def subschemas(schema: Any) -> Iterator[Mapping[str, Any]]:
    """The schema and those in it, and no object that only holds some by name."""
    if not isinstance(schema, dict):
        return
    yield schema
    for key, value in schema.items():
        inner: Iterable[Any] = ()
        if key in _BY_NAME and isinstance(value, dict):
            inner = value.values()
        elif key in _INNER:
            inner = value if isinstance(value, list) else [value]
        for one in inner:
            yield from subschemas(one)


def restricts(schema: Any, root: Any, seen: tuple[str, ...] = ()) -> bool:
    """Whether anything in a valid schema could keep a document from fitting.

    `seen`: the references within `root` that led to it. Raises OutOfTime.
    """
    check_time()
    if not isinstance(schema, dict):
        return schema is False
    reference = schema.get("$ref")
    if reference in seen:
        return True  # it has no end, and nothing fits it
    if isinstance(reference, str):
        resolver = Registry().resolver_with_root(DRAFT7.create_resource(root))
        return restricts(resolver.lookup(reference).contents, root, (*seen, reference))

    def inner(part: Any) -> bool:
        again = isinstance(part, dict) and part.get("$ref") in seen
        return not again and restricts(part, root, seen)

    return any(
        _asks(key, value, inner)
        for key, value in schema.items()
        if key not in _REMARKS and not key.startswith("x-")
    )


def _asks(keyword: str, value: Any, inner: Callable[[Any], bool]) -> bool:
    """Whether a keyword with this value asks for anything; `inner` says so of a schema in it."""
    match keyword:
        case "if":
            return False
        case "not":
            return value is not False
        case "required" | "minLength" | "minItems" | "minProperties" | "uniqueItems":
            return bool(value)
        case "properties" | "patternProperties" | "dependencies":
            return any(one if isinstance(one, list) else inner(one) for one in value.values())
        case "anyOf" | "oneOf":
            return all(map(inner, value))
        case "items" | "allOf":
            return any(map(inner, value if isinstance(value, list) else [value]))
        case "additionalProperties" | "additionalItems" | "propertyNames" | "then" | "else":
            return inner(value)
    return True
