"""`dd.expect` and `dd.assert` hold what the real Chai holds, and prove no less."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.local_synthetics import chromium
from tests.local_synthetics.kinds.browser.scripts.words import WORDS
from tests.npm.javascript import Node

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

pytestmark = pytest.mark.npm
VALUES = [
    *("1", "0", "-0", "NaN", "Infinity", "1.5", "10n", "new Number(1)"),
    *("''", "'abc'", "'1'", "new String('abc')", "true", "false", "new Boolean(false)"),
    *("null", "undefined", "Symbol.iterator"),
    *("[]", "[1, 2]", "['a', 'b']", "[[1], { a: 1 }]", "[undefined]", "[, 1]", "[NaN]", "[-0]"),
    *("{}", "{ a: 1 }", "{ a: { b: [1, 2] }, c: 'x' }", "{ length: 2 }", "{ a: undefined }"),
    *("{ 'a.b': 1 }", "{ 0: 'x' }", "{ get a() { return 1; } }", "{ [Symbol.for('x')]: 1 }"),
    *("Object.create(null)", "Object.create({ a: 1 })", "class Dog {}", "new (class { a = 1 })()"),
    *("new Date(1)", "new Date(NaN)", "/a/", "new Error('bad dog')", "new Uint8Array([1, 2])"),
    *("new Map([[1, 'a'], ['k', { a: 1 }]])", "new Map([[{ a: 1 }, 1]])", "new Map()"),
    *("new Set([1, 'a'])", "new Set([{ a: 1 }])", "new WeakMap()", "new ArrayBuffer(2)"),
    *("() => 1", "() => { throw new TypeError('bad dog') }", "async () => 1"),
    *("new Promise(() => {})", "(function () { return arguments })(1, 2)"),
]
_ARGUMENTS = [
    *("1", "0", "-0", "NaN", "10n", "'abc'", "'a'", "'1'", "''", "null", "undefined", "true"),
    *("[]", "[1, 2]", "[2, 1]", "[1, 'abc', null]", "{}", "{ a: 1 }", "new Date(1)", "/a/"),
    *("new Set([1, 'a'])", "TypeError", "Date", "(one) => one > 0"),
]
_WITH_ONE = [
    *("equal", "eql", "deep.equal", "above", "least", "below", "most", "lengthOf", "length"),
    *("have.lengthOf.above", "have.length.at.most", "string", "match", "a", "an", "instanceof"),
    *("include", "contain", "deep.include", "own.include", "nested.include", "deep.own.include"),
    *("property", "own.property", "deep.property", "nested.property", "ownProperty", "oneOf"),
    *("keys", "any.keys", "all.keys", "include.keys", "contain.any.keys", "deep.keys"),
    *("members", "deep.members", "ordered.members", "include.members", "include.deep.members"),
    *("include.deep.ordered.members", "deep.oneOf", "contain.oneOf", "throw", "satisfy"),
]
WORDS_AFTER_EXPECT = [
    *("ok", "true", "false", "null", "undefined", "NaN", "finite", "exist", "empty"),
    *(f"{word}({given})" for word in _WITH_ONE for given in _ARGUMENTS),
    *("within(0, 1)", "within(1, 5)", "closeTo(1, 0.5)", "approximately(1, 1)", "exist.and.ok"),
    *("property('a', 1)", "property('length', 2)", "deep.property('a', { b: [1, 2] })"),
    *("property('a', { b: [1, 2] })", "nested.property('a.b[1]', 2)", "nested.property('a.b')"),
    *("nested.property('a\\\\.b', 1)", "nested.include({ 'a.b[0]': 1 })", "ownProperty('a', 1)"),
    *("keys('a', 'c')", "keys(['a', 'c'])", "any.keys('a', 'z')", "include.keys('a')", "keys()"),
    *(f"a('{kind}')" for kind in ("string", "Number", "array", "object", "function", "null")),
    *(f"a('{kind}')" for kind in ("undefined", "date", "map", "error", "asyncfunction", "symbol")),
    *("throw()", "throw('dog')", "throw(/bad/)", "throw(RangeError)", "throw(TypeError, 'bad')"),
    *("throw(TypeError, /cat/)", "throws()", "Throw('bad')", "satisfies((one) => one === null)"),
    *("an('array').that.includes(1)", "have.property('a').that.equals(1)", "true.and.ok"),
    *("have.property('a').which.is.an('object')", "members([])", "deep.members([[1], { a: 1 }])"),
    *("eq(1)", "eqls([1, 2])", "gt(0)", "gte(1)", "lt(1)", "lte(1)", "greaterThan(0)", "key('a')"),
    *("instanceOf(Date)", "haveOwnProperty('a')", "includes('a')", "contains(1)", "matches(/b/)"),
]
_WITH_TWO = ("closeTo", "propertyVal", "nestedPropertyVal", "throws")
# Datadog's page calls it; in Chai it is none that can be called.
_CALLED = "exist()"
_BOTH = """
Error.stackTraceLimit = 0;  // of all that are thrown only the message is read
const ours = %s;
const loaded = Promise.all(
  ["chai", `${ours}/expect.js`, `${ours}/assert.js`].map((name) => import(name)),
);
function judged(expect, assert, code) {
  try {
    new Function("expect", "assert", code)(expect, assert);
    return ["held", ""];
  } catch (error) {
    return [error.constructor.name === "Unknown" ? "unknown" : "failed", error.message];
  }
}
async function answer(codes) {
  const [chai, { expect }, { assert }] = await loaded;
  if (codes === "assert") {
    const known = (name) => judged(expect, assert, `assert.${name}`)[0] === "held";
    return Object.keys(chai.assert).filter(known);
  }
  return codes.map((code) => [
    code, judged(chai.expect, chai.assert, code)[0], ...judged(expect, assert, code),
  ]);
}
"""


@pytest.fixture(scope="module")
def both(node: str, modules: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """Chai and ours, in one process."""
    folder = tmp_path_factory.mktemp("ours") / "javascript"
    shutil.copytree(Path(chromium.__file__).parent / "javascript", folder)
    (folder / "package.json").write_text('{"type": "module"}')
    with Node(node, modules, _BOTH % json.dumps(folder.as_uri())) as running:
        yield running


def hold_the_same(judgements: Sequence[Any]) -> None:
    """Ours may refuse what proves nothing, in words of its own; it never holds alone."""
    different = [one for one in judgements if one[1] != one[2]]
    alone = [one for one in different if one[1] != "held" or " needs " not in one[3]]
    assert alone == []
    assert {one[2] for one in judgements} == {"held", "failed"}


def test_the_words_after_expect(both: Node) -> None:
    codes = [
        f"expect({value}).to.{negation}{word}"
        for value in VALUES
        for word in WORDS_AFTER_EXPECT
        for negation in ("", "not.")
    ]
    hold_the_same(both(codes))


def test_the_functions_of_assert(both: Node) -> None:
    names = both("assert")
    assert len(names) > 40
    codes = [
        f"assert.{name}({value}, {given})"
        for name in names
        for value in VALUES
        for given in (_ARGUMENTS if name not in _WITH_TWO else [f"{a}, 1" for a in _ARGUMENTS])
    ]
    hold_the_same(both(codes))


@pytest.mark.parametrize("subject", WORDS)
def test_what_is_run_in_chromium(both: Node, subject: str) -> None:
    for text, wanted in zip(WORDS[subject], ("held", "failed"), strict=True):
        lines = [line.strip().replace("dd.", "") for line in text.splitlines() if line.strip()]
        codes = [line for line in lines if _CALLED not in line and ".should." not in line]
        assert {(one[0], one[1]) for one in both(codes)} == {(code, wanted) for code in codes}
