"""Files that are nearly right: checks, global variables, the configuration."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.settings import file as configuration
from pytest_storedog_gate.synthetics_cli.command_line import main
from tests.fuzzing.mutations import mutated, numbers, texts, values
from tests.fuzzing.profile import examples
from tests.local_synthetics.support.service import http_test

if TYPE_CHECKING:
    from collections.abc import Iterator

_GLOBALS = {
    "DOG": {"value": "rex", "secure": False},
    "CODE": {"value": "JBSWY3DPEHPK3PXP", "options": {"totp_parameters": {"digits": 6}}},
}
_CHECK = http_test(
    "http://127.0.0.1:1/{{ DOG }}",
    config={"configVariables": [{"name": "DOG", "type": "global"}]},
)
_FILES: list[Any] = [
    _CHECK,
    {"tests": [{"localTestDefinition": _CHECK, "testOverrides": {"variables": {"DOG": "spot"}}}]},
    {"tests": [{"id": "abc-def-ghi", "version": 1}]},
    {
        "data": {
            "type": "suites",
            "id": "sho-psu-ite",
            "attributes": {"name": "shop", "tests": [{"public_id": "abc-def-ghi"}]},
        }
    },
]
_TOML = """
verdicts = "verdicts"
[synthetics]
backend = "local"
definitions = ["checks/*.synthetics.json"]
batch_timeout = 30
[services.discounts]
image = "localhost:5000/storedog/discounts"
port = 2814
readiness = { http = "/", status = 200, timeout = 5 }
environment = { DB = "${DB}" }
volumes = { data = "/data" }
[environments.staging]
gate = "discounts"
services = ["discounts"]
strategy = "recreate"
publish = { discounts = "127.0.0.1:8080" }
checks = ["abc-def-ghi@2"]
files = ["*.json"]
search = "tag:smoke"
on_failure = "keep"
[environments.staging.overrides]
startUrl = "http://127.0.0.1:1/"
retry = { count = 1, interval = 10 }
[environments.staging.execution_rules]
abc-def-ghi = "non_blocking"
[environments.production]
requires = "staging"
checks = ["abc-def-ghi"]
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def _bytes(document: Any) -> st.SearchStrategy[bytes]:
    """A file of JSON with changed values, or one whose text is damaged."""
    whole = mutated(document).map(json.dumps).map(str.encode)
    text = json.dumps(document).encode()
    damaged = st.builds(
        lambda place, added: text[:place] + added + text[place + 1 :],
        st.integers(0, len(text)),
        st.one_of(st.binary(max_size=3), st.sampled_from([b"NaN", b"\xef\xbb\xbf", b"[" * 9999])),
    )
    return st.one_of(whole, whole, damaged)


@given(content=st.sampled_from(_FILES).flatmap(_bytes), known=_bytes(_GLOBALS))
@examples(150)
def test_checks_and_global_variables(folder: Path, content: bytes, known: bytes) -> None:
    """An outcome, or one sentence that says what is wrong."""
    file, globals_file = folder / "a.synthetics.json", folder / "globals.json"
    file.write_bytes(content)
    globals_file.write_bytes(known)
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2)]
    with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
        status = main(["run", str(file), "--globals", str(globals_file)])
        for stream in streams:
            stream.flush()
    _, said = (stream.buffer.getvalue().decode() for stream in streams)
    assert status in {1, 4, 8}  # nothing listens there, so that nothing can pass
    assert (said.startswith("storedog-synthetics: ") and said.count("\n") == 1) is (status == 4)


_VALUES = st.one_of(
    st.sampled_from(
        [
            "nan", "inf", "-0", "1e400", "1" * 5000, "0x10", "1979-05-27", "true", "", "]", "{}",
            "[]", "[[]]", "[" * 3000 + "]" * 3000, "{ a = { b = 1 } }", '"""a\n"""',
        ]
    ),
    st.one_of(texts, values.map(str), numbers.map(str)).map(
        lambda text: json.dumps(text.encode(errors="replace").decode(), ensure_ascii=False)
    ),
)  # fmt: skip
_LINES = _TOML.strip().splitlines()


@st.composite
def _toml(draw: st.DrawFn) -> str:
    lines = list(_LINES)
    for _ in range(draw(st.integers(1, 3))):
        index = draw(st.integers(0, len(lines) - 1))
        key, equals, _ = lines[index].partition(" = ")
        match draw(st.sampled_from(["value", "value", "take", "double", "key"])):
            case "take" if len(lines) > 1:
                del lines[index]
            case "double":
                lines.append(lines[index])
            case "key":
                lines.insert(index, f"{draw(texts)!r} = {draw(_VALUES)}")
            case _:
                lines[index] = f"{key} = {draw(_VALUES)}" if equals else f"{key}{draw(texts)}"
    return "\n".join(lines)


@pytest.mark.parametrize("name", ["storedog.toml", "pyproject.toml"])
@given(text=st.one_of(_toml(), st.builds("tool = {}".format, _VALUES)))
@examples(150)
def test_configuration(folder: Path, name: str, text: str) -> None:
    """What it says, or one sentence that names the file."""
    path = folder / name
    if name == "pyproject.toml":
        text = text.replace("[", "[tool.storedog-gate.")
    path.write_bytes(text.encode(errors="replace"))
    assert name in _said(path)


def _said(path: Path) -> str:
    try:
        return str(configuration.read(path).path)
    except ConfigurationError as error:
        return str(error)
