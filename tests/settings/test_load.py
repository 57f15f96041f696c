"""Keys from the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import GateProject

KEY = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize("tail", ["\n", "\r\n", " "])
def test_key_that_ends_with_white_space_is_trimmed_and_not_shown(
    project: GateProject, monkeypatch: pytest.MonkeyPatch, tail: str
) -> None:
    monkeypatch.setenv("DD_API_KEY", KEY + tail)
    monkeypatch.setenv("DD_APP_KEY", KEY + tail)
    result = project.run("--synthetics-backend=datadog", "--synthetics-url=http://127.0.0.1:9")
    assert result.ret == 8
    result.stdout.fnmatch_lines(["*cannot be reached*"])
    assert KEY not in f"{result.stdout}{result.stderr}"


@pytest.mark.parametrize("part", ["\n", "\x07", "é"])
def test_key_with_a_character_that_no_key_has_is_refused_and_not_shown(
    project: GateProject, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    monkeypatch.setenv("DD_API_KEY", KEY[:16] + part + KEY[16:])
    monkeypatch.setenv("DD_APP_KEY", KEY)
    result = project.run("--synthetics-backend=datadog")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*DD_API_KEY holds a character that no key has*"])
    assert KEY[:16] not in f"{result.stdout}{result.stderr}"
