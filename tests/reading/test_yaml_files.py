"""YAML as tables: what a value is, where it stands, and what is refused."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.reading.yaml_files import Plain, yaml_table

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_storedog_gate.reading.table import Table

TEXT = """\
x-common: &common
  restart: always
  environment: &env
    A: 1
    B: "2"
services:
  web:
    <<: *common
    environment:
      <<: *env
      B: three
    ports:
      - 80:80
      - target: 22:22
  both:
    <<: [{restart: "no"}, *common]
    command: ~
    init: yes
"""


@pytest.fixture
def read(tmp_path: Path) -> Table:
    return table(tmp_path, TEXT)


def table(folder: Path, text: str) -> Table:
    path = folder / "compose.yaml"
    path.write_text(text, "utf-8")
    return yaml_table(path, "compose.yaml", "compose")


def test_aliases_and_merged_keys_are_written_out(read: Table) -> None:
    assert read.data["services"] == {
        "web": {
            "restart": "always",
            "environment": {"A": "1", "B": "three"},
            "ports": ["80:80", {"target": "22:22"}],
        },
        "both": {
            "restart": "no",
            "environment": {"A": "1", "B": "2"},
            "command": None,
            "init": "yes",
        },
    }


def test_what_has_no_quotes_is_told(read: Table) -> None:
    environment = read.data["x-common"]["environment"]
    assert isinstance(environment["A"], Plain)
    assert not isinstance(environment["B"], Plain)


def test_lines_are_those_where_a_key_is_written(read: Table) -> None:
    assert {
        keys: read.document.line_of(keys)
        for keys in (
            ("services", "web"),
            ("services", "web", "restart"),
            ("services", "web", "environment", "A"),
            ("services", "web", "environment", "B"),
            ("services", "web", "ports", 1, "target"),
            ("services", "both", "restart"),
            ("services", "web", "ports", 7),
            ("services", "web", "port"),
        )
    } == {
        ("services", "web"): 7,
        ("services", "web", "restart"): 2,
        ("services", "web", "environment", "A"): 4,
        ("services", "web", "environment", "B"): 11,
        ("services", "web", "ports", 1, "target"): 14,
        ("services", "both", "restart"): 16,
        ("services", "web", "ports", 7): None,
        ("services", "web", "port"): None,
    }


WRONG = {
    "services: [": "compose.yaml:1: not valid YAML: expected the node content",
    "a: 1\n---\nb: 2": "compose.yaml:2: not valid YAML: but found another document",
    "a: 1\nb:\n  c: 1\n  c: 2": "compose.yaml:4: the key 'c' stands there twice; keep one",
    "a: {<<: {c: 1},\n <<: {c: 2}}": "compose.yaml:2: the key '<<' stands there twice; keep one",
    "a: !reset 1": "compose.yaml:1: the tag !reset is not known here; leave it out",
    "a:\n  ? [b]\n  : 1": "compose.yaml:2: a key must be a text",
    "a: &a\n  - *a": "compose.yaml:1: an anchor holds itself; write out what is meant",
    "a: &a {<<: *a}": "compose.yaml: nested too deeply; write it flatter",
    "a: {<<: [1]}": "compose.yaml:1: `<<` merges a mapping or a list of them",
    "- a": "compose.yaml: must be a mapping",
    "": "compose.yaml: must be a mapping",
    "[" * 5000: "compose.yaml: nested too deeply; write it flatter",
    "a: &a [1,1,1,1,1,1,1,1,1,1]\n"
    + "".join(
        f"{x}: &{x} [{', '.join([f'*{y}'] * 10)}]\n" for x, y in zip("bcdef", "abcde", strict=True)
    ): "there are more than 100000 values; write less",
}


@pytest.mark.parametrize(("text", "what"), WRONG.items(), ids=range(len(WRONG)))
def test_what_cannot_be_read_is_one_sentence(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        table(tmp_path, text)
    assert what in str(caught.value)


def test_without_pyyaml_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'pytest-storedog-gate\[compose\]'"):
        table(tmp_path, TEXT)
