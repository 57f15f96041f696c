"""The JSON Schema of storedog.toml: what is shipped is what the code reads."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import jsonschema
import pytest

from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.settings.file import read
from pytest_storedog_gate.settings.schema import schema
from tests.repository import ROOT
from tests.shipped import is_up_to_date

if TYPE_CHECKING:
    from pathlib import Path

VALIDATOR = jsonschema.Draft202012Validator(schema())


def test_what_is_shipped_is_made_of_the_tables() -> None:
    assert is_up_to_date("pytest_storedog_gate.settings", "storedog.schema.json", schema()), (
        "STOREDOG_REWRITE=1 writes it anew"
    )


@pytest.mark.parametrize("path", sorted(ROOT.glob("lab/**/storedog.toml")), ids=str)
def test_our_own_files_are_valid(path: Path) -> None:
    VALIDATOR.validate(tomllib.loads(path.read_text("utf-8")))


WRONG = {
    "top": 'projekt = "x"',
    "backend": '[synthetics]\nbackend = "locl"',
    "seconds": "[synthetics]\nbatch_timeout = 0",
    "list": '[synthetics]\ndefinitions = "checks/*.json"',
    "empty": '[synthetics]\ndefinitions = [""]',
    "image": "[services.web]\nport = 80",
    "port": '[services.web]\nimage = "a"\nport = "80"',
    "readiness": '[services.web]\nimage = "a"\nport = 80\nreadiness = { htpp = "/" }',
    "variables": '[services.web]\nimage = "a"\nenvironment = { A = 1 }',
    "failure": '[environments.staging]\non_failure = "kep"',
    "rule": '[environments.staging]\nexecution_rules = { abc-def-ghi = "block" }',
    "override": "[environments.staging]\noverrides = { startUr = 'x' }",
    "group": "[environments.staging]\noverrides = { retry = { counts = 1 } }",
    "needed": "[environments.staging]\noverrides = { cookies = { append = true } }",
    "gogs": "[gogs]\nissue = 3",
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_what_the_code_refuses_by_its_tables_is_not_valid(tmp_path: Path, text: str) -> None:
    path = tmp_path / "storedog.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError):
        read(path)
    assert not VALIDATOR.is_valid(tomllib.loads(text))


def test_what_the_code_reads_is_valid(tmp_path: Path) -> None:
    text = """
        [synthetics]
        backend = "local"
        batch_timeout = 60
        definitions = ["checks/*.json"]
        [services.web]
        image = "web"
        port = 80
        readiness = { http = "/", status = 204, timeout = 1.5 }
        environment = { A = "b" }
        [environments.staging]
        gate = "web"
        services = ["web"]
        publish = { web = "127.0.0.1:8080" }
        checks = ["abc-def-ghi"]
        execution_rules = { abc-def-ghi = "skipped" }
        overrides = { cookies = "a=b", retry = { count = 1 }, variables = { A = "b" } }
        [gogs]
        url = "http://gogs"
    """
    (tmp_path / "storedog.toml").write_text(text)
    assert set(read(tmp_path / "storedog.toml").environments) == {"staging"}
    VALIDATOR.validate(tomllib.loads(text))
