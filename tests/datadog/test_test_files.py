"""datadog-ci's test files: what is read of them, and one sentence for each mistake."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.datadog import test_files as files
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.local_synthetics.definitions import files as catalog

if TYPE_CHECKING:
    from pathlib import Path

DEFINITION = {
    "public_id": "loc-aaa-aaa",
    "name": "Discounts answer",
    "type": "api",
    "subtype": "http",
    "locations": ["aws:eu-central-1"],
    "options": {},
    "config": {"request": {"method": "GET", "url": "http://shop.example"}, "assertions": []},
}
URL = "https://app.datadoghq.com/synthetics/details/"


def write(root: Path, name: str, *tests: Any) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"tests": tests}), encoding="utf-8")
    return path


def refused(root: Path, *patterns: str) -> str:
    with pytest.raises(ConfigurationError) as error:
        files.read(patterns, root)
    return str(error.value)


def test_entries_are_read_in_order(tmp_path: Path) -> None:
    overrides = {"variables": {"A": "1"}, "followRedirects": False}
    path = write(
        tmp_path,
        "shop.synthetics.json",
        {"id": "abc-def-ghi", "testOverrides": overrides, "suite": "shop"},
        {"id": f"{URL}jkl-mno-pqr", "version": 3},
        {"id": "stu-vwx-yza@12"},
        {"localTestDefinition": DEFINITION, "testOverrides": {"body": ""}},
    )
    assert files.read(["*.synthetics.json"], tmp_path) == (
        files.CheckEntry("abc-def-ghi", None, overrides, None, path),
        files.CheckEntry("jkl-mno-pqr", 3, {}, None, path),
        files.CheckEntry("stu-vwx-yza", 12, {}, None, path),
        files.CheckEntry("loc-aaa-aaa", None, {"body": ""}, DEFINITION, path),
    )


def test_the_local_service_reads_the_same_file(tmp_path: Path) -> None:
    path = write(
        tmp_path, "a.synthetics.json", {"id": "abc-def-ghi"}, {"localTestDefinition": DEFINITION}
    )
    (entry,) = [e for e in files.read([path.name], tmp_path) if e.definition is not None]
    assert catalog.load([str(path)]).tests[entry.public_id].data == entry.definition


def test_what_may_be_secret_is_not_in_the_repr(tmp_path: Path) -> None:
    own = {"basicAuth": {"username": "dev", "password": "hunter22"}}
    write(tmp_path, "a.json", {"id": "abc-def-ghi", "testOverrides": own})
    assert "hunter22" not in repr(files.read(["a.json"], tmp_path))


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ([], []),
        (["*.synthetics.json"], ["a"]),
        (["**/*.synthetics.json"], ["a", "b", "c"]),
        (["{,!(node_modules)/**/}*.synthetics.json"], ["a", "b", "c"]),
        (["sub/{b,deep/c}.synthetics.json"], ["b", "c"]),
        (["sub/deep/*", "**/*.synthetics.json"], ["c", "a", "b"]),
        (["sub/**"], ["b", "c"]),
    ],
    ids=str,
)
def test_patterns(tmp_path: Path, patterns: list[str], expected: list[str]) -> None:
    for name in ("a", "sub/b", "sub/deep/c", "node_modules/x/d", "sub/node_modules/e"):
        write(tmp_path, f"{name}.synthetics.json", {"id": "-".join([name[-1] * 3] * 3)})
    assert [entry.public_id[0] for entry in files.read(patterns, tmp_path)] == expected


def test_a_pattern_may_be_absolute(tmp_path: Path) -> None:
    path = write(tmp_path / "elsewhere", "a.json", {"id": "abc-def-ghi"})
    (tmp_path / "root").mkdir()
    (entry,) = files.read([str(path)], tmp_path / "root")
    assert entry.file == path


def test_a_pattern_of_another_dialect_is_an_error(tmp_path: Path) -> None:
    assert "the pattern '@(a|b).json' cannot be read; write it with" in refused(
        tmp_path, "@(a|b).json"
    )


@pytest.mark.parametrize("pattern", ["nothing/*.json", "", "node_modules/*.json", "sub"])
def test_a_pattern_without_a_match_is_an_error(tmp_path: Path, pattern: str) -> None:
    write(tmp_path, "node_modules/a.json", {"id": "abc-def-ghi"})
    write(tmp_path, "sub/b.json", {"id": "abc-def-ghi"})
    assert f"matches {pattern!r}; name existing ones" in refused(tmp_path, "sub/b.json", pattern)


def test_a_check_has_one_place(tmp_path: Path) -> None:
    write(tmp_path, "a.json", {"id": "stu-vwx-yza"}, {"id": "loc-aaa-aaa@2"})
    write(tmp_path, "sub/b.json", {"localTestDefinition": DEFINITION})
    assert refused(tmp_path, "**/*.json") == (
        "sub/b.json:1: $.tests[0]: loc-aaa-aaa is also in a.json:1: $.tests[1]; a check has one "
        "place, where its overrides are"
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"tests": [\n{"id": "abc-def-ghi"},\nx]}', "a.json:3: not valid JSON: "),
        ('{"tests": [{"id": "a", "id": "b"}]}', "a.json: not valid JSON: an object has the key"),
        ('{"tests": [{"version": NaN}]}', "a.json: not valid JSON: NaN is not a JSON number"),
        ("[" * 100_000, "a.json: not valid JSON: it is nested too deeply"),
        ("[]", "a.json: $: must be an object"),
        ('{"name": "x"}', "a.json: no test file: the key 'tests' is missing; add it"),
        ('{"tests": []}', "a.json:1: $.tests: must be a list of tests, and not empty"),
        ('{"tests": {}}', "a.json:1: $.tests: must be a list of tests, and not empty"),
        ('{"tests": [{}],\n"test": 1}', "a.json:2: $.test: unknown key; did you mean 'tests'?"),
    ],
    ids=range(9),
)
def test_a_malformed_file(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    assert refused(tmp_path, "a.json").startswith(sentence)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'{"tests": "\xff"}')
    assert refused(tmp_path, "a.json") == "a.json: is not UTF-8 text; save it as UTF-8"


@pytest.mark.parametrize(
    ("test", "sentence"),
    [
        ("abc-def-ghi", ": must be an object with either an id or a localTestDefinition"),
        (
            dict(DEFINITION),
            ": holds a definition itself, which belongs into its localTestDefinition",
        ),
        ({"suite": "x"}, ": must be an object with either an id or a localTestDefinition"),
        ({"id": "abc-def-ghi", "localTestDefinition": DEFINITION}, ": must be an object with"),
        ({"id": "abc-def"}, ".id: 'abc-def' is no public ID; one looks like abc-def-ghi"),
        ({"id": 7}, ".id: must be a string"),
        ({"id": "abc-def-ghi", "verison": 2}, ".verison: unknown key; did you mean 'version'?"),
        ({"id": "abc-def-ghi", "version": 0}, ".version: must be a whole number, at least 1"),
        ({"id": "abc-def-ghi", "version": "2"}, ".version: must be a whole number, at least 1"),
        ({"id": "abc-def-ghi@1", "version": 2}, ": id and version name two versions; keep one"),
        ({"id": "abc-def-ghi", "config": {}}, ".config: datadog-ci has named it testOverrides"),
        (
            {"id": "abc-def-ghi", "testOverrides": {"retry": {"count": "2"}}},
            ".testOverrides.retry.count: must be a whole number, at least 0",
        ),
        ({"localTestDefinition": DEFINITION, "version": 1}, ".version: unknown key"),
        ({"localTestDefinition": None}, ".localTestDefinition: must be an object"),
        ({"localTestDefinition": {"name": "x"}}, ".localTestDefinition.public_id: must be there"),
        (
            {"localTestDefinition": {"public_id": "abc-def-ghi@1"}},
            ".localTestDefinition.public_id: must be there and like abc-def-ghi: without it",
        ),
    ],
    ids=str,
)
def test_a_malformed_entry(tmp_path: Path, test: object, sentence: str) -> None:
    write(tmp_path, "a.json", {"id": "stu-vwx-yza"}, test)
    assert refused(tmp_path, "a.json").startswith(f"a.json:1: $.tests[1]{sentence}")
