"""A table read by kinds: what its keys mean, and one sentence for each fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.reading import variables
from pytest_storedog_gate.reading.files import json_table, toml_table
from pytest_storedog_gate.reading.kinds import (
    INTEGER,
    LIST,
    NUMBER,
    SECONDS,
    STRING,
    TABLE,
    WHOLE,
    one_of,
)
from pytest_storedog_gate.reading.nearest import nearest, suggestion
from pytest_storedog_gate.reading.table import Table

if TYPE_CHECKING:
    from pathlib import Path

KINDS = {
    "name": STRING,
    "port": INTEGER,
    "wait": SECONDS,
    "color": one_of("red", "green"),
    "parts": LIST,
    "inner": TABLE,
}


def _both(folder: Path, toml: str, json: str) -> list[Table]:
    (folder / "a.toml").write_text(toml, "utf-8")
    (folder / "a.json").write_text(json, "utf-8")
    return [toml_table(folder / "a.toml"), json_table(folder / "a.json", "a.json")]


def test_toml_and_json_mean_the_same(tmp_path: Path) -> None:
    for table in _both(
        tmp_path,
        'name = "x"\nport = 1\nwait = 2\ncolor = "red"\nparts = ["a"]\ninner = { name = "y" }\n',
        '{"name": "x", "port": 1, "wait": 2, "color": "red", "parts": ["a"],'
        ' "inner": {"name": "y"}}',
    ):
        values = table.read(KINDS)
        assert values == {
            "name": "x",
            "port": 1,
            "wait": 2.0,
            "color": "red",
            "parts": ("a",),
            "inner": {"name": "y"},
        }
        assert isinstance(values["wait"], float)
        assert table.table("inner").each(STRING) == {"name": "y"}
        assert table.table("absent").read(KINDS) == {}


def test_both_name_file_line_and_keys_of_all_faults_at_once(tmp_path: Path) -> None:
    faults = [
        (2, "top.nmae", "unknown key; did you mean 'name'?"),
        (3, "top.port", "must be an integer, not True"),
        (4, "top.wait", "must be a positive number of seconds, not 0"),
        (5, "top.color", "'gren' is unknown; did you mean 'green'?"),
        (6, "top.parts", "must be a list of strings, none of them empty"),
        (7, "top.inner", "must be a table"),
        (1, "top", "the key 'name' is missing; add it"),
    ]
    toml, json = _both(
        tmp_path,
        '[top]\nnmae = "x"\nport = true\nwait = 0\ncolor = "gren"\nparts = [""]\ninner = 1\n',
        '{"top": {\n"nmae": "x",\n"port": true,\n"wait": 0,\n"color": "gren",\n"parts": [""],\n'
        '"inner": 1}}',
    )
    for table, name, root in ((toml, "a.toml", ""), (json, "a.json", "$.")):
        with pytest.raises(ConfigurationError) as error:
            table.table("top").read(KINDS, needed=("name",))
        assert str(error.value).splitlines() == [
            f"{name}:{line}: {root}{keys}: {what}" for line, keys, what in faults
        ]


def test_what_should_be_a_table_and_is_none(tmp_path: Path) -> None:
    toml, json = _both(tmp_path, "a = 1\n", '{"a": 1}')
    with pytest.raises(ConfigurationError, match=r"^a\.toml:1: a: must be a table$"):
        toml.table("a")
    with pytest.raises(ConfigurationError, match=r"^a\.json:1: \$\.a: must be an object$"):
        json.table("a")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("absent", "absent: cannot be read: No such file"), ("a\0b", "'a\\x00b': cannot be read: ")],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str, sentence: str) -> None:
    path = tmp_path / name
    with pytest.raises(ConfigurationError) as of_toml:
        toml_table(path)
    with pytest.raises(ConfigurationError) as of_json:
        json_table(path, name)
    assert str(of_toml.value).startswith(sentence)
    assert str(of_json.value).startswith(sentence)


def test_a_refused_key_says_why() -> None:
    with pytest.raises(ConfigurationError, match=r"^name: it is called title now$"):
        Table({"name": "x"}).read(KINDS, {"name": "it is called title now"})


HUGE = 10**400  # no float


@pytest.mark.parametrize("value", [HUGE, -1, True, "1", None, [], float("nan"), float("inf")])
@pytest.mark.parametrize("kind", [NUMBER, WHOLE, SECONDS])
def test_no_number(kind: Any, value: object) -> None:
    with pytest.raises(ValueError, match="must be a "):
        kind.read(value)


@pytest.mark.parametrize("text", ["1" * 5000, "1" * 400, "1e3", "", "-1"])
def test_a_variable_that_holds_no_number_is_named(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^A_PORT: must be a number, at least 0"):
        variables.read({"A_PORT": text, "B": "1"}, "A_", {"port": NUMBER}, {})


@pytest.mark.parametrize(
    ("word", "found"), [("cheks", "checks"), ("checks", "checks"), ("zzz", None), ("", None)]
)
def test_the_word_that_was_meant(word: str, found: str | None) -> None:
    assert nearest(word, ["files", "checks"]) == found


def test_the_end_of_a_sentence_about_an_unknown_word() -> None:
    assert suggestion("cheks", ["files", "checks"]) == "; did you mean 'checks'?"
    assert suggestion("zzz", ["files", "checks"]) == "; known: checks, files"
    assert suggestion("zzz", []) == "; known: none"
