"""JSONPaths select in the local service what jsonpath-plus selects in Node."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_storedog_gate.local_synthetics import javascript
from pytest_storedog_gate.local_synthetics.assertions.json_path import compile_path, select
from tests.fuzzing.profile import examples
from tests.npm.javascript import Node

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.npm

VENDORED = Path(javascript.__file__).parent / "vendored"
SHOP: Any = {
    "items": [
        {"code": "BFRIDAY", "price": 10, "tags": ["new", "sale"], "on": True, "left": 0},
        {"code": "OFF", "price": 8.5, "tags": [], "on": False, "left": "10", "old": None},
        {"code": "PARTY", "price": "9", "tags": ["sale"], "deep": {"code": "INNER"}},
    ],
    "numbers": [3, 1, 2, 10],
    "name": "storedog",
    "total": None,
    "length": 7,
    "a-b": 1,
    "a.b": 2,
    "a b": 3,
    "$ref": 4,
    "0": "zero",
    "empty": {"list": [], "object": {}, "text": ""},
}
PATHS = [
    *("$", "$.name", "name", "$['name']", '$["name"]', "$.a-b", "$['a.b']", "$['a b']", "$.$ref"),
    *("$.0", "$[0]", "$.none", "$.none.more", "$.total", "$.total.more", "items[0].code"),
    *("$.items.[0].code", "$.['name']", "$.items[*].['code']", "$..['code']", "$..[name]"),
    # Lengths: of a list, of a text, of each; a member of that name; and of what has none.
    *("$.items.length", "$.name.length", "$.length", "$.items[*].tags.length", "$..tags.length"),
    *("$.empty.list.length", "$.empty.text.length", "$.empty.object.length", "$.total.length"),
    *("$..length", "$.numbers.length", "$.items[0].price.length", "$['items']['length']"),
    # Scripts.
    *("$.items[(@.length-1)].code", "$.items[(@.length - 2)].code", "$.numbers[(@.length-4)]"),
    *("$.items[(@.length-9)]", "$.items[((@.length)-1)]['code']", "$.name[(@.length-1)]"),
    *("$.items[0].tags[(@.length-1)]", "$.items[*].tags[(@.length-1)]", "$.items[(1+1)].code"),
    *("$['items'][(@.length-1)].deep.code", "$..tags[(@.length-1)]"),
    # Filters: both equalities, truth, order, and what is of another type.
    *("$.items[?(@.code === 'OFF')].price", "$.items[?(@.code=='OFF')].price"),
    *("$.items[?(@.price === 9)].code", "$.items[?(@.price == 9)].code"),
    *("$.items[?(@.left === 10)].code", "$.items[?(@.left == 10)].code"),
    *("$.items[?(@.price !== 10)].code", "$.items[?(@.price != 10)].code"),
    *("$.items[?(@.on)].code", "$.items[?(!@.on)].code", "$.items[?(@.on === false)].code"),
    *("$.items[?(@.left)].code", "$.items[?(@.old === null)].code", "$.items[?(@.old==null)].code"),
    *("$.items[?(@.old === undefined)].code", "$.items[?(typeof @.price === 'number')].code"),
    *("$.items[?(@.price < 10)].code", "$.items[?(@.price >= 8.5 && @.on)].code"),
    *("$.items[?(@.on || @.deep)].code", "$.items[?(@.tags.length > 1)].code"),
    *("$.items[?(@.tags.length === 0)].code", "$.items[?(@.code.length === 3)].code"),
    *("$.items[?(@.deep && @.deep.code === 'INNER')].code", "$.items[?(@['code']==='OFF')].price"),
    *("$.items[?(@.deep.code)].code", "$.items[?(@.tags[0]=='sale')].code"),
    *("$.items[?(@.code.match(/^[BO]/))].code", "$.items[?(/y$/i.test(@.code))].code"),
    *("$.items[?(@.tags.includes('sale'))].code", "$.items[?(@.tags.indexOf('new') >= 0)].code"),
    *("$.items[?(@property !== 1)].code", "$.items[?(@root.length === 7)].code"),
    *("$.numbers[?( @ > 2 )]", "$.numbers[?( @ === 3 )]", "$.numbers[?( @ % 2 === 1 )]"),
    *("$..[?(@ && @.code === 'INNER')]", "$..[?(@.code)]", "$.empty[?(@.length === 0)]"),
    # Ranges, unions, wildcards, descent, parents and names.
    *("$.numbers[1:3]", "$.numbers[:2]", "$.numbers[-1:]", "$.numbers[-2:-1]", "$.numbers[::2]"),
    *("$.numbers[0,2]", "$.numbers[1:2,0]", "$.items[0][code,price]", "$.numbers[7]", "$.name[0]"),
    *("$.items[*].code", "$.items.*.code", "$[*]", "$.*", "$..*", "$..code", "$.items..code"),
    *("$..items[0].code", "$..[0]", "$.items[0]^.length", "$.items[?(@.on)]~", "$.empty.*~"),
    *("$.items[?(@.price > 100)].code", "$.empty.list[*]", "$.empty.list[?(@.a)]", "$..deep^.code"),
]
_NODE = """
const { JSONPath } = require("jsonpath-plus");
const answer = (path, json) => {
  try {
    return JSONPath({ path, json });
  } catch {
    return "error";
  }
};
"""
_names = st.sampled_from(
    ["items", "code", "tags", "price", "deep", "numbers", "length", "none", "0"]
)
_compared = st.builds(
    "{}{}{}".format,
    st.sampled_from(
        ["@.code", "@.price", "@.tags", "@.tags.length", "@.deep.code", "@.left", "@ "]
    ),
    st.sampled_from(["===", "==", "!==", "!=", "<", ">=", " > "]),
    st.sampled_from(["1", "9", "'OFF'", "null", "undefined", "@.price", "true", "''", "10"]),
)
_expressions = st.one_of(
    _compared,
    st.builds("{} {} {}".format, _compared, st.sampled_from(["&&", "||", "+"]), _compared),
    st.builds("!({})".format, _compared),
)
_segments = st.one_of(
    _names.map(".{}".format),
    _names.map("..{}".format),
    _names.map("['{}']".format),
    st.sampled_from(["[*]", ".*", "[0]", "[1:]", "[-1:]", "[0,1]", "[code,tags]", "^", "~"]),
    st.builds("[(@.length-{})]".format, st.integers(0, 3)),
    _expressions.map("[?({})]".format),
)
_paths = st.lists(_segments, min_size=1, max_size=5).map(lambda parts: "$" + "".join(parts))


@pytest.fixture(scope="module")
def plus(node: str, modules: Path) -> Iterator[Node]:
    with Node(node, modules, _NODE) as running:
        yield running


def ours(path: str) -> Any:
    """As `_NODE` answers. Raises ValueError for a path that is refused."""
    compile_path(path)
    try:
        return select(path, SHOP)
    except ValueError:
        return "error"


def test_what_is_vendored_is_the_package(modules: Path) -> None:
    package = modules / "jsonpath-plus"
    for name, original in {
        "jsonpath-plus.cjs": package / "dist" / "index-browser-umd.cjs",
        "jsonpath-plus.LICENSE": package / "LICENSE",
        "jsep.LICENSE": modules / "jsep" / "LICENSE",
    }.items():
        assert (VENDORED / name).read_bytes() == original.read_bytes()


def test_each_path_of_the_table_selects_the_same(plus: Node) -> None:
    theirs = {path: plus(path, SHOP) for path in PATHS}
    assert {path: ours(path) for path in PATHS} == theirs
    assert len(theirs) == len(PATHS) > 100
    assert sum(bool(selected) and selected != "error" for selected in theirs.values()) > 80


@examples(800)
@given(_paths)
def test_any_other_path_does(plus: Node, path: str) -> None:
    assert json.dumps(ours(path)) == json.dumps(plus(path, SHOP))
